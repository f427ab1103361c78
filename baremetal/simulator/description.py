"""What a simulated machine is: plain frozen data, read from a fleet file or generated."""

import ipaddress
import re
import uuid
from dataclasses import dataclass, field

from baremetal.simulator.checked_mapping import CheckedMapping
from baremetal.simulator.faults import (
    NO_AGENT_FAULTS,
    NO_BMC_FAULTS,
    AgentFaults,
    BmcFaults,
    read_agent_faults,
    read_bmc_faults,
)

MIB = 1024**2
GIB = 1024**3
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "simulator.baremetal")


@dataclass(frozen=True, slots=True)
class DiskModel:
    """One disk: its device name, size in bytes and kind."""

    name: str
    size: int
    rotational: bool = False


@dataclass(frozen=True, slots=True)
class Hardware:
    """A class of equal machines: what is inside, and how long its work takes.

    Times are simulated seconds, speeds are MiB per simulated second.

    :ivar default_boot: where the firmware boots from when no override is set, disk or pxe.
    :ivar extra_steps: manual clean steps that the agent knows besides the usual, and their times.
    """

    name: str = "default"
    resource_class: str = "baremetal"
    cpus: int = 16
    cpu_model: str = "Simulated CPU @ 2.40GHz"
    cpu_mhz: float = 2400.0
    architecture: str = "x86_64"
    memory_mib: int = 64 * 1024
    disks: tuple[DiskModel, ...] = (DiskModel("/dev/sda", 480 * GIB),)
    manufacturer: str = "Baremetal"
    product: str = "Simulated Server"
    boot_mode: str = "uefi"
    default_boot: str = "disk"
    boot_seconds: float = 60.0
    soft_off_seconds: float = 5.0
    cycle_seconds: float = 2.0
    write_mib_per_second: float = 400.0
    erase_mib_per_second: float = 50_000.0
    step_seconds: float = 2.0
    extra_steps: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class BmcAccess:
    """Where a BMC listens and whom it lets in."""

    address: str
    port: int
    username: str
    password: str = field(repr=False)
    max_sessions: int = 4


@dataclass(frozen=True, slots=True)
class MachineDescription:
    """One simulated machine."""

    name: str
    macs: tuple[str, ...]
    bmc: BmcAccess
    hardware: Hardware = Hardware()
    ip_address: str = "198.18.0.1"
    seed: int = 0
    bmc_faults: BmcFaults = NO_BMC_FAULTS
    agent_faults: AgentFaults = NO_AGENT_FAULTS

    @property
    def serial(self) -> str:
        """The serial number, the same each time for the same name."""
        return uuid.uuid5(_NAMESPACE, self.name).hex[:12].upper()

    @property
    def system_uuid(self) -> uuid.UUID:
        """The UUID that the BMC and the firmware give, the same each time for the same name."""
        return uuid.uuid5(_NAMESPACE, f"system {self.name}")


def read_hardware(fields: CheckedMapping, name: str) -> Hardware:
    """Return the hardware class that one entry of ``hardware`` declares.

    :raises FleetFileError: a field is unknown or has a wrong value.
    """
    usual = Hardware()
    steps = fields.mapping("extra_steps")
    hardware = Hardware(
        name=name,
        resource_class=fields.text("resource_class", name, longest=80),
        cpus=fields.integer("cpus", usual.cpus, least=1, most=4096),
        cpu_model=fields.text("cpu_model", usual.cpu_model),
        cpu_mhz=fields.number("cpu_mhz", usual.cpu_mhz, least=1),
        architecture=fields.text("architecture", usual.architecture, longest=32),
        memory_mib=fields.integer("memory_mib", usual.memory_mib, least=1),
        disks=tuple(map(_read_disk, fields.mappings("disks"))) or usual.disks,
        # FRU fields hold 63 bytes at most.
        manufacturer=fields.text("manufacturer", usual.manufacturer, longest=63),
        product=fields.text("product", usual.product, longest=63),
        boot_mode=fields.choice("boot_mode", ("uefi", "bios"), usual.boot_mode),
        default_boot=fields.choice("default_boot", ("disk", "pxe"), usual.default_boot),
        boot_seconds=fields.number("boot_seconds", usual.boot_seconds),
        soft_off_seconds=fields.number("soft_off_seconds", usual.soft_off_seconds),
        cycle_seconds=fields.number("cycle_seconds", usual.cycle_seconds),
        write_mib_per_second=fields.number(
            "write_mib_per_second", usual.write_mib_per_second, least=0.001
        ),
        erase_mib_per_second=fields.number(
            "erase_mib_per_second", usual.erase_mib_per_second, least=0.001
        ),
        step_seconds=fields.number("step_seconds", usual.step_seconds),
        extra_steps=tuple((step, steps.number(step)) for step in steps.names()),
    )
    fields.finish()
    return hardware


def read_bmc_access(fields: CheckedMapping) -> BmcAccess:
    """Return the BMC of one entry of ``machines``.

    :raises FleetFileError: a field is missing, unknown or has a wrong value.
    """
    access = BmcAccess(
        address=read_address(fields),
        port=fields.integer("port", 623, least=1, most=65535),
        username=fields.text("username", "admin", longest=16),
        password=fields.text("password", longest=20),
        max_sessions=fields.integer("max_sessions", 4, least=1, most=63),
    )
    fields.finish()
    return access


def read_address(fields: CheckedMapping) -> str:
    """Return the field ``address``, an IP address; 127.0.0.1 when it is absent.

    :raises FleetFileError: it is no IP address.
    """
    address = fields.text("address", "127.0.0.1")
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        raise fields.error("address", "must be an IP address", address) from None


def read_machine(
    fields: CheckedMapping, hardware: dict[str, Hardware], position: int
) -> MachineDescription:
    """Return the machine that one entry of ``machines`` declares.

    :raises FleetFileError: a field is missing, unknown or has a wrong value.
    """
    kind = fields.choice("hardware", hardware, "default")
    faults = fields.mapping("faults")
    machine = MachineDescription(
        name=fields.text("name"),
        macs=_read_macs(fields),
        bmc=read_bmc_access(fields.mapping("bmc")),
        hardware=hardware[kind],
        ip_address=machine_address(position),
        seed=fields.integer("seed", 0),
        bmc_faults=read_bmc_faults(faults.mapping("bmc")),
        agent_faults=read_agent_faults(faults.mapping("agent")),
    )
    faults.finish()
    fields.finish()
    return machine


def machine_address(position: int) -> str:
    """Return the address that the machine at ``position`` in the fleet says it has (RFC 2544)."""
    return str(ipaddress.IPv4Address("198.18.0.1") + position)


def _read_macs(fields: CheckedMapping) -> tuple[str, ...]:
    macs = tuple(mac.lower() for mac in fields.texts("macs"))
    for mac in macs:
        if not _MAC.fullmatch(mac):
            raise fields.error("macs", "must be six pairs of hex digits with colons each", mac)
    return macs


def _read_disk(fields: CheckedMapping) -> DiskModel:
    disk = DiskModel(
        name=fields.text("name"),
        size=int(fields.number("size_gib", least=0.001) * GIB),
        rotational=fields.flag("rotational"),
    )
    fields.finish()
    return disk
