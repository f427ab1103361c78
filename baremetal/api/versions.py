"""Microversions of the Bare Metal API v1, and how a caller chooses one."""

from collections.abc import Mapping
from typing import Final

from baremetal.domain.errors import NotAcceptable

HEADER: Final = "X-OpenStack-Ironic-API-Version"
MIN_HEADER: Final = "X-OpenStack-Ironic-API-Minimum-Version"
MAX_HEADER: Final = "X-OpenStack-Ironic-API-Maximum-Version"

#: The service's name in the newer, common header.
_SERVICE: Final = "baremetal"

MINIMUM: Final = 1
#: What callers who say nothing get, as Ironic does.
DEFAULT: Final = 1
MAXIMUM: Final = 90


def chosen(environ: Mapping[str, str]) -> int:
    """The minor version that a request asks for.

    :raises NotAcceptable: it is not a version, or one that we do not speak.
    """
    text = environ.get("HTTP_X_OPENSTACK_IRONIC_API_VERSION")
    if text is None:
        common = environ.get("HTTP_OPENSTACK_API_VERSION", "").split()
        text = common[1] if len(common) == 2 and common[0] == _SERVICE else None
    if text is None:
        return DEFAULT
    if text.strip().lower() == "latest":
        return MAXIMUM
    major, _, minor = text.strip().partition(".")
    if major != "1" or not minor.isascii() or not minor.isdigit() or len(minor) > 4:
        raise NotAcceptable(
            f"Invalid value for {HEADER} header: '{text[:40]}'. "
            f"Give 1.{MINIMUM} to 1.{MAXIMUM}, or latest."
        )
    if not MINIMUM <= int(minor) <= MAXIMUM:
        raise NotAcceptable(
            f"Version {text[:40]} was requested but the minor version is not supported by this "
            f"service. The supported version range is: [1.{MINIMUM}, 1.{MAXIMUM}]."
        )
    return int(minor)
