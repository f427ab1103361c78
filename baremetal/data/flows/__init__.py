"""One file per operation: its steps in reading order."""

from baremetal.data.flows import image_import
from baremetal.data.task import ImageTask
from baremetal.engine.flow import Flow

FLOWS: dict[str, Flow[ImageTask]] = {flow.kind: flow for flow in (image_import.FLOW,)}
