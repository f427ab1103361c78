"""Deploy by an agent in a ramdisk: it gets the whole plan, and reports when it is done."""

from collections.abc import Mapping, Sequence
from typing import Any

from baremetal.domain.node import Node
from baremetal.domain.outcomes import Plan, PlanStep
from baremetal.drivers.deploy.steps import named_steps
from baremetal.drivers.interfaces import DeployInterface, Property

_CLEAN_STEPS = ("erase_devices", "erase_devices_metadata", "inventory")
_IMAGE_ARGS = (
    "image_source",
    "image_checksum",
    "image_os_hash_algo",
    "image_os_hash_value",
    "image_disk_format",
    "image_size_mb",
    "root_device",
)


class AgentDeploy(DeployInterface):
    """Writes ``instance_info/image_source`` to the machine's disk."""

    capabilities = frozenset({"agent"})
    instance_properties = (
        Property(
            "image_source",
            "The image to write, as a URL that the machine can reach.",
            "http://images.example.org/debian-12.raw",
            kind="url",
            required=True,
        ),
        Property(
            "image_checksum",
            "Checksum of the image, or the URL of a checksum file.",
            "d41d8cd98f00b204e9800998ecf8427e",
        ),
        Property("image_size_mb", "Size of the image in MiB.", "2048", kind="integer", minimum=1),
    )

    def deploy_plan(self, node: Node) -> Plan:
        """Write the image and the config drive, then make it bootable."""
        args = {key: node.instance_info[key] for key in _IMAGE_ARGS if key in node.instance_info}
        if "root_device" in node.properties:
            args.setdefault("root_device", node.properties["root_device"])
        steps = [PlanStep("write_image", args)]
        if node.instance_info.get("configdrive"):
            steps.append(
                PlanStep("config_drive", {"configdrive": node.instance_info["configdrive"]})
            )
        steps.append(PlanStep("install_bootloader"))
        return Plan("deploy", tuple(steps))

    def clean_plan(self, node: Node) -> Plan:
        """Erase partition tables and file-system signatures."""
        return Plan("clean", (PlanStep("erase_devices_metadata"),))

    def named_plan(self, node: Node, kind: str, steps: Sequence[Mapping[str, Any]]) -> Plan:
        """The steps asked for, if the agent knows them."""
        return Plan(kind, named_steps(steps, _CLEAN_STEPS, "agent"))
