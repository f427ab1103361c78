"""How a console opens a session: Open Session and RAKP 1 to 4 (IPMI 2.0, 13.17 to 13.24)."""

import hmac
import os
import struct
from collections.abc import Callable, Hashable
from typing import NamedTuple

from baremetal.simulator.bmc.cipher_suites import SUITES, CipherSuite, SessionKeys
from baremetal.simulator.bmc.rmcp import MalformedPacket
from baremetal.simulator.bmc.sessions import InsufficientResources, Phase, Session, SessionTable

OPEN_REQUEST, OPEN_RESPONSE = 0x10, 0x11
RAKP_1, RAKP_2, RAKP_3, RAKP_4 = 0x12, 0x13, 0x14, 0x15

USER, OPERATOR, ADMINISTRATOR = 2, 3, 4

# Status codes (IPMI 2.0, table 13-15).
NO_ERRORS = 0x00
INSUFFICIENT_RESOURCES = 0x01
INVALID_SESSION = 0x02
INVALID_ROLE = 0x09
INVALID_NAME_LENGTH = 0x0C
UNAUTHORIZED_NAME = 0x0D
INVALID_CHECK_VALUE = 0x0F
NO_SUITE_MATCH = 0x11
ILLEGAL_PARAMETER = 0x12


class Account(NamedTuple):
    """The one user that the BMC knows."""

    username: bytes
    password: bytes


class Handshake:
    """The BMC's half of opening a session."""

    __slots__ = ("_account", "_guid", "_refuse", "_sessions")

    def __init__(
        self, sessions: SessionTable, account: Account, guid: bytes, *, refuse: bool = False
    ) -> None:
        self._sessions = sessions
        self._account = account
        self._guid = guid
        self._refuse = refuse

    def answer(self, payload_type: int, payload: bytes, peer: Hashable) -> tuple[int, bytes] | None:
        """Return the answer's payload type and payload; None when it is to be ignored.

        :raises MalformedPacket: the payload is too short or of no known type.
        """
        answers: dict[int, tuple[int, Callable[[bytes, Hashable], bytes | None]]] = {
            OPEN_REQUEST: (OPEN_RESPONSE, self._open_session),
            RAKP_1: (RAKP_2, self._challenge),
            RAKP_3: (RAKP_4, self._admit),
        }
        if payload_type not in answers or len(payload) < 8:
            raise MalformedPacket
        answer_type, answer = answers[payload_type]
        data = answer(payload, peer)
        return None if data is None else (answer_type, data)

    def _open_session(self, payload: bytes, peer: Hashable) -> bytes:
        """Open Session (IPMI 2.0, 13.17, 13.18)."""
        if len(payload) < 32:
            raise MalformedPacket
        tag, role = payload[0], payload[1] & 0x0F
        (console_id,) = struct.unpack_from("<I", payload, 4)
        session = self._sessions.opened_by((peer, payload))
        if session:
            return session.last_answer
        suite = _matching_suite(payload)
        if role > ADMINISTRATOR:
            return _refusal(tag, INVALID_ROLE, console_id)
        if suite is None:
            return _refusal(tag, NO_SUITE_MATCH, console_id)
        try:
            if self._refuse:
                raise InsufficientResources
            session = self._sessions.open(console_id, suite)
        except InsufficientResources:
            return _refusal(tag, INSUFFICIENT_RESOURCES, console_id)
        session.opened_by = (peer, payload)
        session.last_answer = struct.pack(
            "<BBBxIIBxxBBxxxBxxBBxxxBxxBBxxx",
            *(tag, NO_ERRORS, role or ADMINISTRATOR, console_id, session.id),
            *(0, 8, suite.authentication),
            *(1, 8, suite.integrity),
            *(2, 8, suite.confidentiality),
        )
        return session.last_answer

    def _challenge(self, payload: bytes, peer: Hashable) -> bytes:
        """RAKP 1 in, RAKP 2 out (IPMI 2.0, 13.20, 13.21)."""
        if len(payload) < 28 or len(payload) < 28 + payload[27]:
            raise MalformedPacket
        tag, role, username = payload[0], payload[24], payload[28 : 28 + payload[27]]
        session = self._opening(payload)
        if session is None:
            return _refusal(tag, INVALID_SESSION, 0)
        if session.phase is Phase.CHALLENGED and payload == session.last_request:
            return session.last_answer
        status = self._objection(role & 0x0F, username)
        if status:
            self._sessions.discard(session)
            return _refusal(tag, status, session.console_id)
        session.role, session.username = role, username
        session.console_random, session.bmc_random = payload[8:24], os.urandom(16)
        session.phase = Phase.CHALLENGED
        session.last_request = payload
        proof = session.suite.mac(
            self._account.password,
            struct.pack("<II", session.console_id, session.id)
            + session.console_random
            + session.bmc_random
            + self._guid
            + _claim(session),
        )
        head = struct.pack("<BBxxI", tag, NO_ERRORS, session.console_id)
        session.last_answer = head + session.bmc_random + self._guid + proof
        return session.last_answer

    def _admit(self, payload: bytes, peer: Hashable) -> bytes | None:
        """RAKP 3 in, RAKP 4 out (IPMI 2.0, 13.22, 13.23)."""
        tag, status = payload[0], payload[1]
        session = self._sessions.find(int.from_bytes(payload[4:8], "little"))
        if session and payload == session.last_request and session.phase is Phase.ACTIVE:
            return session.last_answer
        if session is None or session.phase is not Phase.CHALLENGED:
            return _refusal(tag, INVALID_SESSION, 0)
        if status:
            # The console did not like RAKP 2: no answer, the session is over.
            self._sessions.discard(session)
            return None
        expected = session.suite.mac(
            self._account.password,
            session.bmc_random + struct.pack("<I", session.console_id) + _claim(session),
        )
        if not hmac.compare_digest(expected, payload[8:]):
            self._sessions.discard(session)
            return _refusal(tag, INVALID_CHECK_VALUE, session.console_id)
        self._activate(session, tag)
        session.last_request = payload
        return session.last_answer

    def _activate(self, session: Session, tag: int) -> None:
        suite = session.suite
        session_key = suite.mac(
            self._account.password, session.console_random + session.bmc_random + _claim(session)
        )
        check = suite.mac(
            session_key, session.console_random + struct.pack("<I", session.id) + self._guid
        )
        session.last_answer = (
            struct.pack("<BBxxI", tag, NO_ERRORS, session.console_id) + check[: suite.code_length]
        )
        session.keys = SessionKeys.derived(suite, session_key)
        session.privilege_limit = session.role & 0x0F
        session.privilege = min(USER, session.privilege_limit)
        session.phase = Phase.ACTIVE
        self._sessions.keep_alive(session)
        session.forget_handshake()

    def _opening(self, payload: bytes) -> Session | None:
        session = self._sessions.find(int.from_bytes(payload[4:8], "little"))
        opening = session is not None and session.phase in (Phase.OPENED, Phase.CHALLENGED)
        return session if opening else None

    def _objection(self, role: int, username: bytes) -> int:
        """Return the status that refuses this user, 0 for none."""
        if len(username) > 16:
            return INVALID_NAME_LENGTH
        if username != self._account.username:
            return UNAUTHORIZED_NAME
        return 0 if 1 <= role <= ADMINISTRATOR else INVALID_ROLE


def _matching_suite(payload: bytes) -> CipherSuite | None:
    """Return the best suite that has the proposed algorithms; an empty proposal means any."""
    proposals: list[int | None] = []
    for kind, offset in enumerate((8, 16, 24)):
        if payload[offset] != kind or payload[offset + 3] not in (0, 8):
            return None
        proposals.append(payload[offset + 4] & 0x3F if payload[offset + 3] else None)
    for suite in reversed(SUITES):
        offered = (suite.authentication, suite.integrity, suite.confidentiality)
        if all(p in (None, own) for p, own in zip(proposals, offered, strict=True)):
            return suite
    return None


def _claim(session: Session) -> bytes:
    """Return the role byte and the user name with its length, as both sides sign them."""
    return bytes((session.role, len(session.username))) + session.username


def _refusal(tag: int, status: int, console_id: int) -> bytes:
    return struct.pack("<BBxxI", tag, status, console_id)
