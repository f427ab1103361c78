"""One file per operation: its steps in reading order."""

from baremetal.conductor.flows import (
    adopt,
    clean,
    deploy,
    inspect,
    power,
    rescue,
    service,
    undeploy,
    verify,
)
from baremetal.conductor.task import NodeTask
from baremetal.engine.flow import Flow

FLOWS: dict[str, Flow[NodeTask]] = {
    flow.kind: flow
    for flow in (
        verify.FLOW,
        inspect.FLOW,
        clean.PROVIDE,
        clean.CLEAN,
        deploy.DEPLOY,
        deploy.REBUILD,
        undeploy.FLOW,
        adopt.FLOW,
        power.FLOW,
        rescue.RESCUE,
        rescue.UNRESCUE,
        service.FLOW,
    )
}
