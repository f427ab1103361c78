"""What a command is, what it may touch, and how it fails."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from baremetal.simulator.bmc.chassis import Chassis
from baremetal.simulator.bmc.handshake import USER
from baremetal.simulator.bmc.message import INVALID_LENGTH
from baremetal.simulator.bmc.serial_over_lan import SerialOverLan
from baremetal.simulator.bmc.sessions import Session, SessionTable

CHASSIS, SENSOR, APPLICATION, STORAGE, TRANSPORT = 0x00, 0x04, 0x06, 0x0A, 0x0C
"""Network functions (IPMI 2.0, table 5-1)."""

LAN_CHANNEL = 1


class CompletionError(Exception):
    """The command fails with ``code`` (IPMI 2.0, table 5-2)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"completion code 0x{code:02X}")
        self.code = code


@dataclass(slots=True)
class Controller:
    """The state of one BMC that its commands read and change."""

    chassis: Chassis
    sessions: SessionTable
    username: bytes
    address: str
    port: int
    sol: SerialOverLan | None = None
    sdr_reservation: int = 0
    power_restore_policy: int = 0

    @property
    def packed_address(self) -> bytes:
        """The IPv4 address as four bytes, zeros when it has none."""
        address = ipaddress.ip_address(self.address)
        return address.packed if address.version == 4 else bytes(4)


class Call(NamedTuple):
    """One request on its way through a command."""

    controller: Controller
    session: Session | None
    data: bytes

    @property
    def chassis(self) -> Chassis:
        """The machine."""
        return self.controller.chassis


class Command(NamedTuple):
    """One command: who may call it and what carries it out.

    :ivar run: takes the call, returns the response's data, raises CompletionError.
    :ivar privilege: that the session must have (IPMI 2.0, appendix G); 0 needs no session.
    :ivar shortest: bytes of data that it needs at least.
    :ivar once: a retry must not be carried out again, only answered again.
    """

    run: Callable[[Call], bytes]
    privilege: int = USER
    shortest: int = 0
    once: bool = False

    def __call__(self, call: Call) -> bytes:
        """Return the response's data.

        :raises CompletionError: the command fails.
        """
        if len(call.data) < self.shortest:
            raise CompletionError(INVALID_LENGTH)
        return self.run(call)


CommandTable = dict[tuple[int, int], Command]
"""Commands by network function and number."""
