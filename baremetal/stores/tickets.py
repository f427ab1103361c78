"""Expiring, signed URLs for direct reads: HMAC-SHA256, with keys that can be rotated. Pure.

A ticket is ``KEY.EXPIRES.SIGNATURE``: the name of the key, seconds since 1970, and the base64url
of the HMAC over method, resource, expiry and bound client, each preceded by its length.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from baremetal.domain.errors import InvalidInput
from baremetal.stores.errors import TicketRefused

#: What carries the ticket in a URL.
PARAMETER: Final = "ticket"
_SHORTEST: Final = 32


@dataclass(frozen=True, slots=True)
class Grant:
    """What a ticket is good for."""

    #: A path, such as ``/v1/objects/ID``; nothing beneath it.
    resource: str
    method: str = "GET"
    #: Whoever alone may use it, such as an address; empty: whoever has it.
    client: str = ""


@dataclass(frozen=True, slots=True)
class Keys:
    """Secrets by name: the first signs, all verify. To rotate, put a new one before the others."""

    names: Sequence[str]
    secrets: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.names:
            raise InvalidInput("Tickets need a key.")
        for name in self.names:
            if not name or "." in name:
                raise InvalidInput(f"'{name}' is no name of a key: no '.' may be in it.")
            if len(self.secrets.get(name, b"")) < _SHORTEST:
                raise InvalidInput(f"Key {name} must be {_SHORTEST} bytes or more, at random.")


def issue(keys: Keys, grant: Grant, now: datetime, seconds: int) -> str:
    """A ticket for `grant` that expires `seconds` from `now`."""
    expires = int(now.timestamp()) + seconds
    name = keys.names[0]
    return f"{name}.{expires}.{_signature(keys.secrets[name], grant, expires)}"


def verify(keys: Keys, ticket: str, grant: Grant, now: datetime, skew: int = 30) -> None:
    """Return if the ticket is good for `grant`; clocks may differ by `skew` seconds.

    :raises TicketRefused: it is forged, for something else, of a dropped key, or expired.
    """
    name, _, rest = ticket.partition(".")
    until, _, signature = rest.partition(".")
    if not until.isdecimal() or not until.isascii() or len(until) > 15:
        raise TicketRefused("That is no ticket.")
    known = name in keys.names
    # A wrong name takes as long as a wrong signature.
    secret = keys.secrets[name] if known else bytes(_SHORTEST)
    good = hmac.compare_digest(
        _signature(secret, grant, int(until)).encode(), signature.encode("utf-8", "replace")
    )
    if not (known and good):
        raise TicketRefused("The ticket is not valid for this. Ask for a new one.")
    late = now.timestamp() - int(until)
    if late > skew:
        raise TicketRefused(f"The ticket expired {late:.0f} seconds ago. Ask for a new one.")


def sign_url(keys: Keys, url: str, now: datetime, seconds: int, client: str = "") -> str:
    """`url` with a ticket for GET that expires `seconds` from `now`."""
    parts = urlsplit(url)
    ticket = issue(keys, Grant(parts.path, client=client), now, seconds)
    query = [*_others(parts.query), (PARAMETER, ticket)]
    return urlunsplit(parts._replace(query=urlencode(query)))


def verify_url(keys: Keys, url: str, now: datetime, client: str = "", skew: int = 30) -> None:
    """Return if `url` carries a ticket that is good for it.

    :raises TicketRefused: it does not.
    """
    parts = urlsplit(url)
    tickets = [value for key, value in parse_qsl(parts.query) if key == PARAMETER]
    if len(tickets) != 1:
        raise TicketRefused("The URL has no ticket.")
    verify(keys, tickets[0], Grant(parts.path, client=client), now, skew)


def _others(query: str) -> list[tuple[str, str]]:
    pairs = parse_qsl(query, keep_blank_values=True)
    return [(key, value) for key, value in pairs if key != PARAMETER]


def _signature(secret: bytes, grant: Grant, expires: int) -> str:
    fields = (grant.method, grant.resource, str(expires), grant.client)
    # With its length before it, no field can pretend to be the end of another one.
    text = b"".join(b"%d:%s," % (len(raw), raw) for raw in (each.encode() for each in fields))
    return urlsafe_b64encode(hmac.digest(secret, text, "sha256")).rstrip(b"=").decode()
