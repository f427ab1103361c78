"""One BMC: datagrams in, datagrams out. It owns no socket and never waits."""

from collections.abc import Callable, Hashable
from typing import NamedTuple, Protocol

from baremetal.simulator.bmc import rmcp
from baremetal.simulator.bmc.chassis import Chassis
from baremetal.simulator.bmc.commands import COMMANDS
from baremetal.simulator.bmc.commands.contract import Call, CompletionError, Controller
from baremetal.simulator.bmc.handshake import Account, Handshake
from baremetal.simulator.bmc.message import (
    INVALID_COMMAND,
    NO_PRIVILEGE,
    OK,
    Request,
    parse_request,
    response,
)
from baremetal.simulator.bmc.rmcp import MalformedPacket, SessionPacket
from baremetal.simulator.bmc.serial_over_lan import Later, SerialOverLan
from baremetal.simulator.bmc.sessions import (
    RETRY_SECONDS,
    Arrival,
    Phase,
    Session,
    SessionTable,
)

_IPMI_MESSAGE, _SERIAL_OVER_LAN = 0x00, 0x01


class BmcSettings(NamedTuple):
    """How one BMC is set up; ``address`` and ``port`` are what it says its own are."""

    account: Account
    address: str
    max_sessions: int = 4
    refuse_sessions: bool = False
    port: int = 623


class Wire(Protocol):
    """The way to consoles for what they have not asked for, and back to here in time."""

    def send(self, datagram: bytes, peer: Hashable) -> None:
        """Send it to the console."""

    @property
    def later(self) -> Later:
        """What calls something some seconds later."""


class Bmc:
    """A BMC in a chassis. ``now`` gives seconds that never go back."""

    __slots__ = ("_controller", "_handshake", "_now", "_wire", "sessions")

    def __init__(self, chassis: Chassis, settings: BmcSettings, now: Callable[[], float]) -> None:
        self._now = now
        self.sessions = SessionTable(settings.max_sessions, now)
        self._wire: Wire | None = None
        self._controller = Controller(
            chassis, self.sessions, settings.account.username, settings.address, settings.port
        )
        self._handshake = Handshake(
            self.sessions,
            settings.account,
            chassis.identity.guid,
            refuse=settings.refuse_sessions,
        )

    def connect(self, wire: Wire) -> None:
        """Let it speak unasked: the serial line, where there is one, can be had from now on."""
        self._wire = wire
        line = self._controller.chassis.serial
        if line is not None:
            self._controller.sol = SerialOverLan(line, self._send_serial, wire.later)

    def answer(self, datagram: bytes, peer: Hashable) -> bytes | None:
        """Return the datagram to send back to ``peer``, None for silence."""
        try:
            match rmcp.packet_class(datagram):
                case rmcp.ASF_CLASS:
                    return rmcp.pong(datagram)
                case rmcp.IPMI_CLASS:
                    return self._answer_ipmi(datagram, peer)
        except MalformedPacket:
            pass
        return None

    def _answer_ipmi(self, datagram: bytes, peer: Hashable) -> bytes | None:
        session_id = rmcp.session_id_of(datagram)
        if session_id:
            return self._answer_in_session(datagram, session_id, peer)
        packet = rmcp.parse_session_packet(datagram)
        if packet.session_id or packet.encrypted or packet.authenticated:
            return None
        if packet.payload_type == _IPMI_MESSAGE:
            request = parse_request(packet.payload)
            reply = self._run(request, None)
            return rmcp.plain_packet(packet.auth_type, _IPMI_MESSAGE, reply)
        answer = self._handshake.answer(packet.payload_type, packet.payload, peer)
        return None if answer is None else rmcp.plain_packet(rmcp.RMCP_PLUS, *answer)

    def _answer_in_session(self, datagram: bytes, session_id: int, peer: Hashable) -> bytes | None:
        session = self.sessions.find(session_id)
        if session is None or session.keys is None:
            return None
        packet = rmcp.parse_session_packet(datagram, session.suite.code_length)
        if not (packet.authenticated and packet.encrypted):
            return None
        if not session.keys.verifies(packet.signed, packet.trailer):
            return None
        session.peer = peer
        if packet.payload_type == _SERIAL_OVER_LAN:
            self._take_serial(session, packet)
            return None
        if packet.payload_type != _IPMI_MESSAGE:
            return None
        reply = self._reply(session, packet)
        return None if reply is None else _sealed(session, reply, _IPMI_MESSAGE)

    def _take_serial(self, session: Session, packet: SessionPacket) -> None:
        sol = self._controller.sol
        if sol is None or session.keys is None:
            return
        payload = session.keys.decrypt(packet.payload)
        if session.arrival(packet.sequence) is Arrival.NEW and session.phase is Phase.ACTIVE:
            self.sessions.keep_alive(session)
            sol.receive(session, payload)

    def _send_serial(self, session: Session, payload: bytes) -> bool:
        """Send a payload; False when the session has ended."""
        alive = self.sessions.find(session.id) is session and session.phase is Phase.ACTIVE
        packet = _sealed(session, payload, _SERIAL_OVER_LAN) if alive else None
        if packet is None or self._wire is None:
            return False
        self._wire.send(packet, session.peer)
        return True

    def _reply(self, session: Session, packet: SessionPacket) -> bytes | None:
        """Return the message that answers a genuine packet; a retry gets the same answer again."""
        if session.keys is None:
            return None
        message = session.keys.decrypt(packet.payload)
        arrival = session.arrival(packet.sequence)
        if arrival is Arrival.REPEATED and message == session.last_request:
            return session.last_answer
        request = parse_request(message)
        if arrival is Arrival.NEW and self._is_retry(session, request, message):
            return session.last_answer
        if arrival is not Arrival.NEW or session.phase is not Phase.ACTIVE:
            return None
        session.last_answer = self._run(request, session)
        session.last_request = message
        self.sessions.keep_alive(session)
        return session.last_answer

    def _is_retry(self, session: Session, request: Request, message: bytes) -> bool:
        """Tell whether a console that heard no answer sends an action again in a new packet."""
        if message != session.last_request:
            return False
        command = COMMANDS.get((request.netfn, request.command))
        recent = self._now() - session.last_active <= RETRY_SECONDS
        return command is not None and command.once and recent

    def _run(self, request: Request, session: Session | None) -> bytes:
        """Return the response to the request; outside a session few commands are allowed."""
        command = COMMANDS.get((request.netfn, request.command))
        if command is None or request.netfn & 1:
            return response(request, INVALID_COMMAND)
        if command.privilege > (session.privilege if session else 0):
            return response(request, NO_PRIVILEGE)
        try:
            data = command(Call(self._controller, session, request.data))
        except CompletionError as failure:
            return response(request, failure.code)
        return response(request, OK, data)


def _sealed(session: Session, message: bytes, payload_type: int) -> bytes | None:
    if session.keys is None:
        return None
    payload = session.keys.encrypt(message)
    sequence = session.next_sequence()
    header = rmcp.session_header(session.console_id, sequence, len(payload), payload_type)
    return session.keys.sign(header, payload)
