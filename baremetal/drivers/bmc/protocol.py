"""pyghmi's RMCP+ session without its sockets, threads and waits: datagrams in, events out.

pyghmi's `Session` holds three things: the protocol (packets, keys, login), an I/O thread with
class-wide tables, and waits that call each other. The protocol is good and is used here as it
is; whatever reads a socket, a clock or another session is overridden, so one thread can hold
thousands of these. `doc/decisions/0002-ipmi-io.md` tells why. Written against pyghmi 1.6.
"""

import collections
import enum
import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Self

from pyghmi.ipmi.private.session import Session

from baremetal.drivers.bmc.address import BmcAddress, Privilege, RawCommand

#: RMCP, no sequence number wanted, class IPMI (IPMI 2.0, table 13-1); byte 1 is reserved.
_RMCP: Final = (0x06, 0xFF, 0x07)
_PRIVILEGE_LEVELS: Final = {
    Privilege.CALLBACK: 1,
    Privilege.USER: 2,
    Privilege.OPERATOR: 3,
    Privilege.ADMINISTRATOR: 4,
}
#: cipher suite -> (pyghmi's name of its hash, authentication and integrity algorithm,
#: IPMI 2.0, tables 13-17 and 13-18). Both encrypt with AES-CBC-128.
_SUITES: Final = {17: (256, 3, 4), 3: (1, 1, 1)}
_AES_CBC_128: Final = 1
_CLOSE_SESSION: Final = (0x06, 0x3C)
_SET_PRIVILEGE: Final = (0x06, 0x3B)
#: Statuses with which a BMC may take a repeated RAKP message amiss.
_TAKEN_AMISS: Final = (0x02, 0x08, 0x0F)
_NO_RESOURCES: Final = 0x01
#: A RAKP message is repeated so often before the login starts over from Open Session.
_RAKP_REPEATS: Final = 3
#: Pyghmi's names of the stages of a login that has opened a session.
RAKP: Final = ("EXPECTINGRAKP2", "EXPECTINGRAKP4")


class Refusal(enum.Enum):
    """Why a login came to nothing."""

    PASSWORD = "password"  # noqa: S105 - the name of a reason
    USER = "user"
    PRIVILEGE = "privilege"
    KG = "kg"
    SESSIONS = "sessions"
    CIPHER = "cipher"
    PROTOCOL = "protocol"


#: RMCP+ status codes (IPMI 2.0, table 13-15); any other is a protocol error.
_REFUSALS: Final = {
    0x01: Refusal.SESSIONS,
    0x04: Refusal.CIPHER,
    0x05: Refusal.CIPHER,
    0x06: Refusal.CIPHER,
    0x07: Refusal.CIPHER,
    0x09: Refusal.PRIVILEGE,
    0x0A: Refusal.PRIVILEGE,
    0x0B: Refusal.SESSIONS,
    0x0C: Refusal.USER,
    0x0D: Refusal.USER,
    0x0F: Refusal.PASSWORD,
    0x10: Refusal.CIPHER,
    0x11: Refusal.CIPHER,
}


class Plain(enum.Enum):
    """Events that carry nothing."""

    PROGRESS = "the login has come a step further"
    LOGGED_IN = "commands may be sent"
    GARBAGE = "a datagram that is no answer of a BMC"


@dataclass(frozen=True, slots=True)
class Refused:
    """The login is over; `detail` completes the sentence: the BMC ..."""

    reason: Refusal
    detail: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the one command in flight."""

    code: int
    data: bytes


Event = Plain | Refused | Answer


class SessionProtocol(Session):  # type: ignore[misc]  # pyghmi has no types
    """One session with one BMC, from the first datagram to the last.

    `send` takes each datagram. At most one exchange is in flight; when and how often to
    `resend`, and when to give up, is the owner's business.
    """

    def __new__(cls, *_args: object) -> Self:
        # Session.__new__ would look for an equal session in its class-wide tables.
        session: Self = object.__new__(cls)
        return session

    def __init__(self, bmc: BmcAddress, suite: int, send: Callable[[bytes], None]) -> None:
        self.suite = suite
        self._send = send
        self._event: Event | None = None
        self._sent = False
        self._unanswered = False
        self._repeats = self._fresh_starts = 0
        self.bmc, self.port = bmc.host, bmc.port
        self.userid = bmc.username.encode()
        self.password = bmc.password.encode()
        self.kg = bmc.kg if bmc.kg is not None else self.password
        self.privlevel = _PRIVILEGE_LEVELS[bmc.privilege]
        # What Session.__init__ sets, as far as the protocol reads it.
        self.autopriv = self.servermode = self.broken = False
        self.nameonly = 0x10  # look the user up by name alone (IPMI 2.0, 13.20)
        self.maxtimeout, self.logontries = 2, 1
        self.pendingpayloads: collections.deque[Any] = collections.deque()
        self.request_entry: list[tuple[int, int, int]] = []
        self.last_payload_type = self._customkeepalives = None

    # Downwards: what the owner asks for.

    def log_in(self) -> None:
        """Send the first datagram of a login."""
        self._initsession()
        self.attemptedhash = _SUITES[self.suite][0]
        # Unlike pyghmi's constant, this tells answers to an earlier login of ours apart.
        self.localsid = secrets.randbits(30) + 1
        self._get_channel_auth_cap()

    def request(self, command: RawCommand) -> None:
        """Send a command; its `Answer` comes from `feed`. Only when logged in."""
        self._exchange((command.netfn, command.command), command.data, command.lun)

    def log_out(self) -> None:
        """Send Close Session; the answer to it, if it comes, is an `Answer`."""
        self._exchange(_CLOSE_SESSION, struct.pack("<I", self.sessionid))

    def resend(self, *, same_datagram: bool = False) -> None:
        """Repeat what is in flight.

        The same datagram has the same sequence number, which a BMC that saw the first one
        drops (IPMI 2.0, 6.12.13): right for commands that must not be done twice.
        """
        if same_datagram:
            self._send(bytes(self.netpacket))
            return
        if self.sessioncontext in RAKP:
            self._repeats += 1
        if self._repeats > _RAKP_REPEATS:
            self._start_over()
        else:
            self.send_payload()

    @property
    def stage(self) -> str | None:
        """The word of pyghmi for how far the login is; None before the BMC's first answer."""
        return self.sessioncontext  # type: ignore[no-any-return]  # set by pyghmi

    # Upwards: what came from the BMC.

    def feed(self, datagram: bytes) -> Event | None:
        """What a datagram means; None for late, foreign or forged ones."""
        self._forget_event()
        packet = bytearray(datagram)
        if len(packet) < 16 or (packet[0], packet[2], packet[3]) != _RMCP:
            return Plain.GARBAGE
        try:
            self._handle_ipmi_packet(packet, qent=(b"", None, None))
        except (IndexError, KeyError, TypeError, ValueError, struct.error):
            # pyghmi trusts lengths and algorithms that the packet claims.
            return Plain.GARBAGE
        return self._event or (Plain.PROGRESS if self._sent else None)

    def _forget_event(self) -> None:
        self._event, self._sent = None, False

    # Overridden: where pyghmi meets the world.

    def _xmit_packet(self, *_args: object, **_timing: object) -> None:
        if self.sequencenumber:  # 0 before login, and then it stays 0
            self.sequencenumber += 1
        self._sent = True
        self._send(bytes(self.netpacket))

    def onlogon(self, parameter: dict[str, Any]) -> None:
        """Verdicts of pyghmi on a login; all the others are taken before it sees them."""
        error = str(parameter.get("error", ""))
        if self.sessioncontext == "FAILED":
            self._event = Refused(Refusal.PASSWORD, "proves another password")
        elif "RAKP4" in error:
            self._event = Refused(Refusal.KG, "proves another Kg key")
        else:
            self._event = Refused(Refusal.PROTOCOL, f"failed the login: {error}")

    def _exchange(self, code: tuple[int, int], data: bytes, lun: int = 0) -> None:
        if self._unanswered:  # a late answer must not pass for this one's
            self.seqlun: int = (self.seqlun + 1) & 0x3F
        self._unanswered = True
        self.lastpayload = None
        self.pendingpayloads.clear()
        self.request_entry.clear()
        self.ipmicallback = self._answered
        self._send_ipmi_net_payload(netfn=code[0], command=code[1], data=data, rslun=lun)

    def _answered(self, response: dict[str, Any]) -> None:
        self._unanswered = False
        self._event = Answer(response["code"], bytes(response["data"]))

    # Overridden: the steps of a login (IPMI 2.0, 13.14 to 13.24).

    def _got_channel_auth_cap(self, response: dict[str, Any]) -> None:
        data = response["data"]
        if response["code"] or not (data[1] & 0x80 and data[3] & 0x02):
            self._event = Refused(Refusal.PROTOCOL, "does not offer IPMI 2.0 sessions")
            return
        self.currentchannel = data[0]
        self.ipmiversion = 2.0
        self._open_rmcpplus_request()

    def _open_rmcpplus_request(self) -> None:
        self.rmcptag &= 0x3F  # it counts up, and is one byte on the wire
        super()._open_rmcpplus_request()

    def _got_rmcp_response(self, data: bytearray) -> None:
        if self._refuses(data, "OPENSESSION", "the session"):
            return
        if (data[16], data[24], data[32]) != (*_SUITES[self.suite][1:], _AES_CBC_128):
            self._event = Refused(Refusal.CIPHER, f"does not keep to cipher suite {self.suite}")
            return
        super()._got_rmcp_response(data)

    def _got_rakp2(self, data: bytearray) -> None:
        if not self._refuses(data, "EXPECTINGRAKP2", "the user"):
            super()._got_rakp2(data)

    def _got_rakp4(self, data: bytearray) -> None:
        if not self._refuses(data, "EXPECTINGRAKP4", "the login"):
            super()._got_rakp4(data)

    def _refuses(self, data: bytearray, stage: str, what: str) -> bool:
        """Whether there is nothing to go on with: a refusal, or a message of another attempt."""
        if self.sessioncontext != stage or data[0] != self.rmcptag:
            return True
        status = data[1]
        if status in _TAKEN_AMISS and self._repeats:
            self._start_over()
        elif status == _NO_RESOURCES and self._fresh_starts:
            pass  # our own half-open sessions fill it; they end soon, so ask on
        elif status:
            reason = _REFUSALS.get(status, Refusal.PROTOCOL)
            self._event = Refused(reason, f"refused {what} with RMCP+ status {status:#04x}")
        return status != 0

    def _start_over(self) -> None:
        self._repeats = 0
        self._fresh_starts += 1
        self.lastpayload = None
        self._open_rmcpplus_request()

    def _req_priv_level(self) -> None:
        self.logged = 1
        self._exchange(_SET_PRIVILEGE, bytes([self.privlevel]))
        self.ipmicallback = self._privilege_set

    def _privilege_set(self, response: dict[str, Any]) -> None:
        self._unanswered = False
        if response["code"]:
            self._event = Refused(Refusal.PRIVILEGE, "refused the privilege level")
            self.log_out()
        else:
            self._event = Plain.LOGGED_IN
