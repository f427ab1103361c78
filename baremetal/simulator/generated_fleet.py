"""Fleets from a few numbers and a seed: the same seed gives the same machines, always."""

import base64
import hashlib
import ipaddress
import random
from dataclasses import dataclass, field
from typing import NamedTuple

from baremetal.simulator.checked_mapping import CheckedMapping, FleetFileError
from baremetal.simulator.description import (
    BmcAccess,
    Hardware,
    MachineDescription,
    machine_address,
    read_address,
)
from baremetal.simulator.faults import (
    NO_AGENT_FAULTS,
    NO_BMC_FAULTS,
    AgentFaults,
    BmcFaults,
    read_agent_faults,
    read_bmc_faults,
)


class FaultShare(NamedTuple):
    """Faults that befall this share of a generated fleet (0.05: each twentieth machine)."""

    share: float
    bmc: BmcFaults
    agent: AgentFaults


@dataclass(frozen=True, slots=True)
class FleetSeed:
    """What a fleet is generated from.

    :ivar mac_prefix: the first three bytes of every MAC address; the rest counts.
    :ivar count_by: ``port``: BMCs share the address and count ports; ``address``: the reverse.
    :ivar password: of every BMC; None gives each BMC its own, made from the seed.
    :ivar hardware: classes with their weights.
    """

    count: int
    seed: int = 0
    first: int = 0
    name_prefix: str = "sim-"
    mac_prefix: str = "52:54:00"
    bmc_address: str = "127.0.0.1"
    bmc_port: int = 16230
    count_by: str = "port"
    username: str = "admin"
    password: str | None = field(default=None, repr=False)
    max_sessions: int = 4
    hardware: tuple[tuple[Hardware, int], ...] = ((Hardware(), 1),)
    faults: tuple[FaultShare, ...] = ()


def generate(seed: FleetSeed) -> list[MachineDescription]:
    """Return the machines of the fleet.

    :raises FleetFileError: the BMCs run out of ports, or the machines of MAC addresses.
    """
    if seed.count_by == "port" and seed.bmc_port + seed.count > 65536:
        raise FleetFileError(
            f"{seed.count} BMCs from port {seed.bmc_port} on pass port 65535; "
            "begin at a lower port, or count by address"
        )
    if seed.first + seed.count > 2**24:
        raise FleetFileError(f"{seed.mac_prefix} has MAC addresses for {2**24} machines only")
    return [_machine(seed, position) for position in range(seed.count)]


def read_fleet_seed(fields: CheckedMapping, hardware: dict[str, Hardware]) -> FleetSeed:
    """Return what one entry of ``generate`` declares.

    :raises FleetFileError: a field is missing, unknown or has a wrong value.
    """
    usual = FleetSeed(count=0)
    bmc = fields.mapping("bmc")
    seed = FleetSeed(
        count=fields.integer("count", least=1, most=1_000_000),
        seed=fields.integer("seed", usual.seed),
        first=fields.integer("first", usual.first),
        name_prefix=fields.text("name_prefix", usual.name_prefix, longest=64),
        mac_prefix=_mac_prefix(fields),
        bmc_address=read_address(bmc),
        bmc_port=bmc.integer("port", usual.bmc_port, least=1, most=65535),
        count_by=bmc.choice("count_by", ("port", "address"), usual.count_by),
        username=bmc.text("username", usual.username, longest=16),
        password=bmc.text("password", longest=20) if bmc.has("password") else None,
        max_sessions=bmc.integer("max_sessions", usual.max_sessions, least=1, most=63),
        hardware=_read_weights(fields, hardware),
        faults=tuple(map(_read_fault_share, fields.mappings("faults"))),
    )
    bmc.finish()
    fields.finish()
    return seed


def _machine(seed: FleetSeed, position: int) -> MachineDescription:
    number = seed.first + position
    name = f"{seed.name_prefix}{number}"
    # Each machine has its own chance, so that a longer fleet begins with the shorter one.
    chance = random.Random(f"{seed.seed}/{name}")
    classes, weights = zip(*seed.hardware, strict=True)
    hardware = chance.choices(classes, weights)[0]
    bmc_faults, agent_faults = _drawn_faults(seed.faults, chance.random())
    serial = f"{number:06x}"
    return MachineDescription(
        name=name,
        macs=(":".join((seed.mac_prefix, serial[:2], serial[2:4], serial[4:])),),
        bmc=_bmc(seed, name, position),
        hardware=hardware,
        ip_address=machine_address(number),
        seed=chance.getrandbits(32),
        bmc_faults=bmc_faults,
        agent_faults=agent_faults,
    )


def _bmc(seed: FleetSeed, name: str, position: int) -> BmcAccess:
    by_port = seed.count_by == "port"
    return BmcAccess(
        address=seed.bmc_address
        if by_port
        else str(ipaddress.ip_address(seed.bmc_address) + position),
        port=seed.bmc_port + position if by_port else seed.bmc_port,
        username=seed.username,
        password=seed.password or _own_password(seed.seed, name),
        max_sessions=seed.max_sessions,
    )


def _own_password(seed: int, name: str) -> str:
    """Sixteen characters that a restarted simulator finds again."""
    digest = hashlib.sha256(f"BMC password {seed} {name}".encode()).digest()
    return base64.b32encode(digest)[:16].decode().lower()


def _drawn_faults(shares: tuple[FaultShare, ...], draw: float) -> tuple[BmcFaults, AgentFaults]:
    for faults in shares:
        if draw < faults.share:
            return faults.bmc, faults.agent
        draw -= faults.share
    return NO_BMC_FAULTS, NO_AGENT_FAULTS


def _mac_prefix(fields: CheckedMapping) -> str:
    prefix = fields.text("mac_prefix", FleetSeed(count=0).mac_prefix).lower()
    parts = prefix.split(":")
    if len(parts) != 3 or any(len(p) != 2 or not set(p) <= set("0123456789abcdef") for p in parts):
        raise fields.error("mac_prefix", "must be three pairs of hex digits with colons", prefix)
    return prefix


def _read_weights(
    fields: CheckedMapping, hardware: dict[str, Hardware]
) -> tuple[tuple[Hardware, int], ...]:
    weights = fields.mapping("hardware")
    for name in weights.names():
        if name not in hardware:
            raise weights.error(name, f"must be one of {', '.join(hardware)}", name)
    chosen = tuple((hardware[name], weights.integer(name, least=1)) for name in weights.names())
    return chosen or ((hardware["default"], 1),)


def _read_fault_share(fields: CheckedMapping) -> FaultShare:
    share = FaultShare(
        fields.number("share", most=1.0),
        read_bmc_faults(fields.mapping("bmc")),
        read_agent_faults(fields.mapping("agent")),
    )
    fields.finish()
    return share
