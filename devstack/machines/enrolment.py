"""What `baremetal node create FILE` takes to know a rack's machines: a file for each driver."""

from pathlib import Path

import yaml

from devstack.machines.description import (
    BMC_PORT,
    REDFISH_ADDRESS,
    REDFISH_PORT,
    RackDescription,
    RackMachine,
)


def enrolment_path(home: Path, driver: str) -> Path:
    """Where the file for that driver is, ipmi or redfish."""
    return home / f"nodes-{driver}.yaml"


def write_enrolments(rack: RackDescription, home: Path) -> None:
    """Write the files, which the owner alone may read."""
    for driver, access in (("ipmi", _ipmi), ("redfish", _redfish)):
        nodes = [
            {
                "name": machine.name,
                "driver": driver,
                "driver_info": access(rack, machine),
                "properties": {"capabilities": f"boot_mode:{rack.shape.firmware}"},
                "resource_class": "baremetal",
                "ports": [{"address": machine.mac}],
            }
            for machine in rack.machines
        ]
        path = enrolment_path(home, driver)
        path.touch(0o600)
        path.write_text(yaml.safe_dump({"nodes": nodes}, sort_keys=False))


def _ipmi(rack: RackDescription, machine: RackMachine) -> dict[str, object]:
    return {
        "ipmi_address": machine.bmc_address,
        "ipmi_port": BMC_PORT,
        "ipmi_username": rack.username,
        "ipmi_password": rack.password,
    }


def _redfish(rack: RackDescription, machine: RackMachine) -> dict[str, object]:
    return {
        "redfish_address": f"http://{REDFISH_ADDRESS}:{REDFISH_PORT}",
        "redfish_system_id": f"/redfish/v1/Systems/{machine.name}",
        "redfish_username": rack.username,
        "redfish_password": rack.password,
    }
