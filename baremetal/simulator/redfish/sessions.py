"""Who may ask: user name and password with each request, or a session's token (DSP0266, 13.3)."""

import binascii
import hmac
import secrets
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from baremetal.simulator.bmc.handshake import Account
from baremetal.simulator.redfish.resources import (
    SESSIONS,
    Refusal,
    Resource,
    collection,
    not_found,
    resource,
)

IDLE_SECONDS = 600.0
MOST_SESSIONS = 64


class Opened(NamedTuple):
    """A session that was just opened; the token is shown this once."""

    token: str
    resource: Resource


class _Session(NamedTuple):
    id: str
    last_used: float


class Sessions:
    """The sessions of a service with one account; idle ones end by themselves."""

    def __init__(self, account: Account, now: Callable[[], float]) -> None:
        self._account = account
        self._now = now
        self._by_token: dict[str, _Session] = {}

    def check(self, headers: Mapping[str, str]) -> None:
        """Return if a request with these headers is of somebody who may ask.

        :raises Refusal: it is not.
        """
        token = headers.get("X-Auth-Token", "")
        self._expire()
        if token in self._by_token:
            session = self._by_token.pop(token)
            self._by_token[token] = session._replace(last_used=self._now())
        elif not self._knows(headers.get("Authorization", "")):
            raise _unknown()

    def open(self, body: Mapping[str, Any]) -> Opened:
        """Open a session; the one that was idle for the longest makes room for it.

        :raises Refusal: user name or password is wrong.
        """
        if not self._is_account(str(body.get("UserName")), str(body.get("Password"))):
            raise _unknown()
        self._expire()
        if len(self._by_token) >= MOST_SESSIONS:
            self._by_token.pop(next(iter(self._by_token)))
        token, name = secrets.token_urlsafe(24), secrets.token_hex(4)
        self._by_token[token] = _Session(name, self._now())
        return Opened(token, self._resource(name))

    def close(self, name: str) -> None:
        """End a session.

        :raises Refusal: there is none.
        """
        token = self._token(name)
        del self._by_token[token]

    def show(self, name: str) -> Resource:
        """A session, without its token.

        :raises Refusal: there is none.
        """
        self._token(name)
        return self._resource(name)

    def list(self) -> Resource:
        """All of them."""
        self._expire()
        return collection(SESSIONS, "Session", (one.id for one in self._by_token.values()))

    def _resource(self, name: str) -> Resource:
        fields = {"UserName": self._account.username.decode()}
        return resource(f"{SESSIONS}/{name}", "Session.v1_1_0", "Session", fields)

    def _token(self, name: str) -> str:
        for token, session in self._by_token.items():
            if session.id == name:
                return token
        raise not_found("session")

    def _expire(self) -> None:
        oldest = self._now() - IDLE_SECONDS
        for token, session in list(self._by_token.items()):
            if session.last_used < oldest:
                del self._by_token[token]

    def _knows(self, authorization: str) -> bool:
        scheme, _, encoded = authorization.partition(" ")
        try:
            user, _, password = b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return scheme.lower() == "basic" and self._is_account(user, password)

    def _is_account(self, user: str, password: str) -> bool:
        same_user = hmac.compare_digest(user.encode(), self._account.username)
        return hmac.compare_digest(password.encode(), self._account.password) and same_user


def _unknown() -> Refusal:
    return Refusal(401, "NoValidSession", "User name and password, or a session's token, please.")
