"""What a rule of access may name."""

import ipaddress
import re
from typing import Final

from baremetal.domain.errors import InvalidInput
from baremetal.domain.share import ACCESS_TYPES

_PLAIN: Final = re.compile(r"[0-9A-Fa-f:./]+")
_NAMES: Final = {
    "user": (re.compile(r"[\w.\-\\;'`{}\[\] $]{4,255}"), "4 to 255 letters, digits or ._-"),
    "cert": (re.compile(r"[^\x00]{1,64}"), "the 1 to 64 characters of a common name"),
    "cephx": (re.compile(r"[^.\x00-\x1f]{1,255}"), "a name without full stops"),
}


def check_plain(network: str) -> None:
    """Return if the text of a network has nothing but its digits.

    After a % the standard library takes any text for the zone of an IPv6 address, line ends and
    all, which would become a server's configuration.

    :raises ValueError: it has something else.
    """
    if not _PLAIN.fullmatch(network):
        raise ValueError("a zone has no meaning to a server")


def checked(kind: str, to: str) -> str:
    """Whom a rule of this kind names, as it was given.

    :raises InvalidInput: it can be nobody.
    """
    if kind == "ip":
        try:
            ipaddress.ip_network(to)
            check_plain(to)
        except ValueError as error:
            raise InvalidInput(
                f"{to!r} is no address or network: {error}. Examples: 192.0.2.7, 192.0.2.0/24."
            ) from error
        return to
    if kind not in _NAMES:
        raise InvalidInput(f"access_type must be one of {', '.join(ACCESS_TYPES)}.")
    form, about = _NAMES[kind]
    if not form.fullmatch(to):
        raise InvalidInput(f"access_to of type {kind} must be {about}.")
    return to
