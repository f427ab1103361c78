"""Fleets from a few numbers and a seed: the same seed gives the same machines, always."""

import base64
import hashlib
import ipaddress
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from baremetal.simulator.checked_mapping import CheckedMapping, FleetFileError
from baremetal.simulator.description import (
    BmcAccess,
    Hardware,
    MachineDescription,
    machine_address,
    read_address,
)
from baremetal.simulator.distribution import Distribution, read_distribution
from baremetal.simulator.faults import (
    NAMED_FAULTS,
    NO_AGENT_FAULTS,
    NO_BMC_FAULTS,
    AgentFaults,
    BmcFaults,
    read_agent_faults,
    read_bmc_faults,
)

#: What may differ between machines of one hardware class, with the least and most of each.
VARYING: Mapping[str, tuple[float, float]] = {
    "boot_seconds": (0.0, 1e9),
    "soft_off_seconds": (0.0, 1e9),
    "cycle_seconds": (0.0, 1e9),
    "step_seconds": (0.0, 1e9),
    "write_mib_per_second": (0.001, 1e9),
    "erase_mib_per_second": (0.001, 1e9),
}


class FaultShare(NamedTuple):
    """Faults that befall this share of a generated fleet (0.05: each twentieth machine)."""

    share: float
    bmc: BmcFaults
    agent: AgentFaults


class Variation(NamedTuple):
    """How machines of a generated fleet differ: what is drawn for each, and who has faults."""

    varying: tuple[tuple[str, Distribution], ...] = ()
    faults: tuple[FaultShare, ...] = ()


@dataclass(frozen=True, slots=True)
class FleetSeed:
    """What a fleet is generated from.

    :ivar mac_prefix: the first three bytes of every MAC address; the rest counts.
    :ivar count_by: ``port``: BMCs share the address and count ports; ``address``: the reverse.
    :ivar password: of every BMC; None gives each BMC its own, made from the seed.
    :ivar hardware: classes with their weights.
    :ivar varying: by name, what of a class is drawn for each machine.
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
    varying: tuple[tuple[str, Distribution], ...] = ()

    def varied(self, variation: Variation) -> "FleetSeed":
        """Return the same fleet with other differences between its machines."""
        return replace(self, varying=variation.varying, faults=variation.faults)


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
    variation = _read_variation(fields)
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
        faults=variation.faults,
        varying=variation.varying,
    )
    bmc.finish()
    fields.finish()
    return seed


def read_variation(document: object, place: str) -> Variation:
    """Return what a document that holds nothing else declares.

    :raises FleetFileError: a field is unknown or has a wrong value.
    """
    fields = CheckedMapping(document, place)
    variation = _read_variation(fields)
    fields.finish()
    return variation


def _machine(seed: FleetSeed, position: int) -> MachineDescription:
    number = seed.first + position
    name = f"{seed.name_prefix}{number}"
    # Each machine has its own chance, so that a longer fleet begins with the shorter one.
    chance = random.Random(f"{seed.seed}/{name}")
    classes, weights = zip(*seed.hardware, strict=True)
    hardware = chance.choices(classes, weights)[0]
    bmc_faults, agent_faults = _drawn_faults(seed.faults, chance.random())
    serial = f"{number:06x}"
    own_seed = chance.getrandbits(32)
    if seed.varying:
        hardware = replace(hardware, **_drawn(seed.varying, own_seed))
    return MachineDescription(
        name=name,
        macs=(":".join((seed.mac_prefix, serial[:2], serial[2:4], serial[4:])),),
        bmc=_bmc(seed, name, position),
        hardware=hardware,
        ip_address=machine_address(number),
        seed=own_seed,
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


def _drawn(varying: tuple[tuple[str, Distribution], ...], seed: int) -> dict[str, Any]:
    # Each by itself, so that declaring one more changes none of the others.
    return {what: where.draw(random.Random(f"{seed}/{what}")) for what, where in varying}


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


def _read_variation(fields: CheckedMapping) -> Variation:
    varying = tuple(
        (name, read_distribution(fields, name, *bounds))
        for name, bounds in VARYING.items()
        if fields.has(name)
    )
    faults = tuple(map(_read_fault_share, fields.mappings("faults")))
    total = sum(one.share for one in faults)
    if total > 1.0 + 1e-9:
        raise fields.error("faults", "must have shares of at most 1 in all", round(total, 6))
    return Variation(varying, faults)


def _read_fault_share(fields: CheckedMapping) -> FaultShare:
    share = fields.number("share", most=1.0)
    if fields.has("fault"):
        bmc, agent = NAMED_FAULTS[fields.choice("fault", NAMED_FAULTS)]
        if fields.has("bmc") or fields.has("agent"):
            raise FleetFileError(f"{fields.place}: has `fault` beside `bmc` or `agent`; use one")
    else:
        bmc = read_bmc_faults(fields.mapping("bmc"))
        agent = read_agent_faults(fields.mapping("agent"))
    fields.finish()
    return FaultShare(share, bmc, agent)
