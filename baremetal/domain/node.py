"""A node as drivers and flows see it: whole, frozen, with its secrets in the clear."""

import re
import uuid
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

#: The kinds of interface that a node's driver is composed of.
INTERFACES: Final = (
    "bios",
    "boot",
    "console",
    "deploy",
    "firmware",
    "inspect",
    "management",
    "network",
    "power",
    "raid",
    "rescue",
    "storage",
    "vendor",
)

#: RFC 3986 unreserved characters, as the API allows since microversion 1.10.
_NAME = re.compile(r"^[A-Za-z0-9\-._~]{1,255}$")
#: A UUID without its hyphens, which clients take for one all the same.
_HEX_UUID = re.compile(r"^[0-9A-Fa-f]{32}$")
#: Names that clients take for parts of a path.
_UNREACHABLE = (".", "..")
_TRAIT = re.compile(r"^CUSTOM_[A-Z0-9_]{1,248}$|^[A-Z][A-Z0-9_]{0,254}$")
_MAC = re.compile(r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$")
MAX_TRAITS: Final = 50
#: So many shares of all nodes can be told apart; more than conductors that anybody has.
SLOTS: Final = 1024


@dataclass(frozen=True, slots=True)
class Node:
    """One machine, read once; `version` is the row's, to write it only if unchanged."""

    uuid: str
    version: int
    driver: str
    name: str | None = None
    interfaces: Mapping[str, str] = field(default_factory=dict)
    driver_info: Mapping[str, Any] = field(default_factory=dict, repr=False)
    properties: Mapping[str, Any] = field(default_factory=dict)
    instance_info: Mapping[str, Any] = field(default_factory=dict, repr=False)
    instance_uuid: str | None = None
    resource_class: str | None = None
    conductor_group: str = ""
    traits: tuple[str, ...] = ()
    provision_state: str = "enroll"
    target_provision_state: str | None = None
    power_state: str | None = None
    maintenance: bool = False
    fault: str | None = None
    retired: bool = False
    automated_clean: bool | None = None
    macs: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What to call it in a sentence: its name, else its uuid."""
        return self.name or self.uuid


def slot_of(uuid: str) -> int:
    """The node's place in rings of conductors, 0 to SLOTS - 1: the CRC-32 of its uuid."""
    return zlib.crc32(uuid.encode()) % SLOTS


def is_uuid(text: object) -> bool:
    """Whether `text` is a UUID in its usual, hyphenated form."""
    if not isinstance(text, str) or len(text) != 36:
        return False
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def is_name(text: object) -> bool:
    """Whether `text` may name a resource: RFC 3986 unreserved characters, not like a UUID."""
    if not isinstance(text, str) or _NAME.fullmatch(text) is None or text in _UNREACHABLE:
        return False
    return _HEX_UUID.fullmatch(text.replace("-", "")) is None


def is_trait(text: object) -> bool:
    """Whether `text` is a standard or a ``CUSTOM_`` trait."""
    return isinstance(text, str) and _TRAIT.fullmatch(text) is not None


def normal_mac(text: object) -> str | None:
    """`text` as a lower-case, colon-separated MAC address, or None if it is none."""
    if not isinstance(text, str):
        return None
    mac = text.strip().lower().replace("-", ":")
    return mac if _MAC.fullmatch(mac) else None
