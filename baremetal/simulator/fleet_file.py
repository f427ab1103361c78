"""Files at the edges of a fleet: the YAML that describes it, and the one that enrols it."""

import collections
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import yaml

from baremetal.simulator.checked_mapping import CheckedMapping, FleetFileError
from baremetal.simulator.description import (
    Hardware,
    MachineDescription,
    read_hardware,
    read_machine,
)
from baremetal.simulator.generated_fleet import (
    Variation,
    generate,
    read_fleet_seed,
    read_variation,
)

#: In C where libyaml is there, which is five times as fast.
_DUMPER: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def load_fleet_file(path: Path) -> list[MachineDescription]:
    """Return the machines that the YAML file describes.

    :raises FleetFileError: the file cannot be read or is not valid; the message says where.
    """
    return read_fleet(_load(path), str(path))


def load_variation_file(path: Path) -> Variation:
    """Return how machines differ and what befalls them, as the YAML file declares it.

    :raises FleetFileError: the file cannot be read or is not valid; the message says where.
    """
    return read_variation(_load(path), str(path))


def read_fleet(document: object, place: str) -> list[MachineDescription]:
    """Return the machines that a document with ``machines`` or ``generate``, or both, describes.

    :raises FleetFileError: it is not valid, or describes no machine.
    """
    fields = CheckedMapping(document, place)
    classes = fields.mapping("hardware")
    hardware = {"default": Hardware()}
    for name in classes.names():
        hardware[name] = read_hardware(classes.mapping(name), name)
    machines = [
        read_machine(entry, hardware, position)
        for position, entry in enumerate(fields.mappings("machines"))
    ]
    for entry in fields.mappings("generate"):
        machines += generate(read_fleet_seed(entry, hardware))
    fields.finish()
    if not machines:
        raise FleetFileError(f"{place}: describes no machine; it needs `machines` or `generate`")
    check_distinct(machines, place)
    return machines


def check_distinct(machines: Iterable[MachineDescription], place: str) -> None:
    """Check that no two machines share a name, a MAC address or a BMC's address and port.

    :raises FleetFileError: two do.
    """
    seen: collections.Counter[str] = collections.Counter()
    for machine in machines:
        seen.update([f"name {machine.name}", f"BMC {machine.bmc.address}:{machine.bmc.port}"])
        seen.update(f"MAC address {mac}" for mac in machine.macs)
    for what, times in seen.most_common(1):
        if times > 1:
            raise FleetFileError(f"{place}: {what} belongs to {times} machines")


def write_enrolment_file(machines: Iterable[MachineDescription], path: Path) -> None:
    """Write what ``baremetal node create FILE`` takes; only the owner may read it (passwords).

    :raises OSError: the file cannot be written.
    """
    nodes = [_enrolment(machine) for machine in machines]
    # A new file of mkstemp has mode 0600 from its first byte on.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yaml.dump({"nodes": nodes}, file, _DUMPER, sort_keys=False)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _load(path: Path) -> object:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FleetFileError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FleetFileError(f"{path}: is not YAML: {error}") from error


def _enrolment(machine: MachineDescription) -> dict[str, object]:
    return {
        "name": machine.name,
        "driver": "ipmi",
        "driver_info": {
            "ipmi_address": machine.bmc.address,
            "ipmi_port": machine.bmc.port,
            "ipmi_username": machine.bmc.username,
            "ipmi_password": machine.bmc.password,
        },
        "properties": {},
        "resource_class": machine.hardware.resource_class,
        "ports": [{"address": mac} for mac in machine.macs],
    }
