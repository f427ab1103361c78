"""The share: its life as tables, and the rules that hold for it whoever asks.

The words are those of the OpenStack Shared File Systems API v2. Nothing here reads or writes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from baremetal.domain.errors import Conflict, InvalidInput, TooLarge
from baremetal.domain.states import Phase

CREATING: Final = "creating"
CREATING_FROM_SNAPSHOT: Final = "creating_from_snapshot"
AVAILABLE: Final = "available"
EXTENDING: Final = "extending"
EXTENDING_ERROR: Final = "extending_error"
SHRINKING: Final = "shrinking"
SHRINKING_ERROR: Final = "shrinking_error"
REVERTING: Final = "reverting"
REVERTING_ERROR: Final = "reverting_error"
DELETING: Final = "deleting"
ERROR_DELETING: Final = "error_deleting"
ERROR: Final = "error"
INACTIVE: Final = "inactive"
#: What is told of it at its end.
DELETED: Final = "deleted"

#: Kinds of operations on shares.
CREATE: Final = "share_create"
CLONE: Final = "share_clone"
DELETE: Final = "share_delete"
EXTEND: Final = "share_extend"
SHRINK: Final = "share_shrink"
REVERT: Final = "share_revert"
ACCESS: Final = "share_access"
SNAPSHOT: Final = "share_snapshot"
SNAPSHOT_DELETE: Final = "share_snapshot_delete"
DELETES: Final = (DELETE, SNAPSHOT_DELETE)

#: kind of operation -> the state of the share (of the snapshot) during it, after it, and where
#: it has failed
PHASES: Final[Mapping[str, Phase]] = MappingProxyType(
    {
        CREATE: Phase(CREATING, AVAILABLE, ERROR),
        CLONE: Phase(CREATING_FROM_SNAPSHOT, AVAILABLE, ERROR),
        DELETE: Phase(DELETING, DELETING, ERROR_DELETING),
        EXTEND: Phase(EXTENDING, AVAILABLE, EXTENDING_ERROR),
        SHRINK: Phase(SHRINKING, AVAILABLE, SHRINKING_ERROR),
        REVERT: Phase(REVERTING, AVAILABLE, REVERTING_ERROR),
        SNAPSHOT: Phase(CREATING, AVAILABLE, ERROR),
        SNAPSHOT_DELETE: Phase(DELETING, DELETING, ERROR_DELETING),
    }
)
_BROKEN: Final = (ERROR, ERROR_DELETING, EXTENDING_ERROR, SHRINKING_ERROR, REVERTING_ERROR)
#: kind of operation -> the states of the share (of the snapshot, to delete one) it may begin in
BEGINS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        DELETE: (AVAILABLE, INACTIVE, *_BROKEN),
        EXTEND: (AVAILABLE,),
        SHRINK: (AVAILABLE,),
        REVERT: (AVAILABLE,),
        ACCESS: (AVAILABLE,),
        SNAPSHOT: (AVAILABLE,),
        SNAPSHOT_DELETE: (AVAILABLE, ERROR, ERROR_DELETING),
    }
)
#: What an administrator may say that a share, or a snapshot, is.
STATUSES: Final = (
    *(AVAILABLE, ERROR, CREATING, DELETING, ERROR_DELETING, EXTENDING, EXTENDING_ERROR),
    *(SHRINKING, SHRINKING_ERROR, REVERTING, REVERTING_ERROR, INACTIVE, CREATING_FROM_SNAPSHOT),
)

#: Of a rule of access, and of all the rules of a share together.
TO_APPLY: Final = "queued_to_apply"
APPLYING: Final = "applying"
TO_DENY: Final = "queued_to_deny"
DENYING: Final = "denying"
ACTIVE: Final = "active"
SYNCING: Final = "syncing"
WANTED: Final = (TO_APPLY, APPLYING)
UNWANTED: Final = (TO_DENY, DENYING)

PROTOCOLS: Final = ("NFS", "CIFS", "CEPHFS", "GLUSTERFS", "HDFS", "MAPRFS")
ACCESS_TYPES: Final = ("ip", "user", "cert", "cephx")
ACCESS_LEVELS: Final = ("rw", "ro")

MAX_SIZE: Final = 1 << 30
MAX_METADATA: Final = 255
MAX_VALUE: Final = 1023

#: Extra specs that every type has.
SERVERS_SPEC: Final = "driver_handles_share_servers"
#: Extra specs that say what shares of the type can do, and how the field of a share is called.
ABILITY_SPECS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "snapshot_support": "snapshot_support",
        "create_share_from_snapshot_support": "create_share_from_snapshot_support",
        "revert_to_snapshot_support": "revert_to_snapshot_support",
        "mount_snapshot_support": "mount_snapshot_support",
    }
)

#: Extra specs that bound the size of each share of the type, GiB.
LEAST_SIZE_SPEC: Final = "provisioning:min_share_size"
MOST_SIZE_SPEC: Final = "provisioning:max_share_size"

#: What can be limited, and what no limit is written as.
RESOURCES: Final = (
    *("shares", "gigabytes", "snapshots", "snapshot_gigabytes", "per_share_gigabytes"),
    *("share_networks", "share_groups", "share_group_snapshots", "share_replicas"),
    "replica_gigabytes",
)
#: Those that the configuration limits.
LIMITED: Final = RESOURCES[:5]
UNLIMITED: Final = -1

_TRUE: Final = ("true", "1", "yes", "on", "t", "y", "<is> true")
_FALSE: Final = ("false", "0", "no", "off", "f", "n", "<is> false")


class QuotaExceeded(TooLarge):
    """A project has no room left for what it asks for."""

    def __init__(self, resource: str, asked: int, used: int, limit: int) -> None:
        super().__init__(
            f"Quota exceeded for {resource}: {asked} asked for, {used} of {limit} in use. Delete "
            "what is not needed, or ask an administrator for a higher limit."
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A pool of a backend of a share service, as ``service@backend#pool`` names it."""

    service: str
    backend: str
    pool: str

    def __str__(self) -> str:
        """As the API writes it."""
        return f"{self.service}@{self.backend}#{self.pool}"

    @classmethod
    def parse(cls, text: str) -> "Place":
        """The place that `text` names.

        :raises InvalidInput: it names none.
        """
        service, at, rest = text.rpartition("@")
        backend, _, pool = rest.partition("#")
        if not (service and at and backend):
            raise InvalidInput(f"{text[:255]!r} is no place of shares: service@backend#pool.")
        return cls(service, backend, pool or backend)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A share that is to be placed.

    :ivar size: GiB.
    :ivar near: the place that it must be at, as a share that is made from a snapshot must.
    """

    size: int
    protocol: str
    specs: Mapping[str, str]
    availability_zone: str | None = None
    near: str | None = None


def queue_of(service: str) -> str:
    """Where operations lie that a share service carries out; no conductor group is so called."""
    return f"(shares) {service}"


def flag_of(text: str) -> bool | None:
    """What an extra spec says, where it says yes or no."""
    word = text.strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def abilities(specs: Mapping[str, str]) -> dict[str, bool]:
    """What shares of a type can do, by the names of their fields."""
    return {field: flag_of(specs.get(spec, "")) or False for spec, field in ABILITY_SPECS.items()}


def check_begin(kind: str, what: str, uuid: str, status: str) -> None:
    """Return if such an operation may begin now.

    :raises Conflict: the share, or the snapshot, is in another state.
    """
    allowed = BEGINS[kind]
    if status not in allowed:
        raise Conflict(f"{what} {uuid} is {status}; for this it must be {' or '.join(allowed)}.")


def check_resize(kind: str, uuid: str, size: int, new: int) -> None:
    """Return if a share can get a new size, in GiB.

    :raises InvalidInput: it goes in the wrong direction.
    """
    if kind == EXTEND and new <= size:
        raise InvalidInput(f"Share {uuid} has {size} GiB; to extend it, ask for more than that.")
    if kind == SHRINK and not 0 < new < size:
        raise InvalidInput(
            f"Share {uuid} has {size} GiB; to shrink it, ask for less than that, and more than 0."
        )


def check_metadata(given: Any) -> dict[str, str]:
    """Metadata as a share, a snapshot or a rule may have it.

    :raises InvalidInput: naming what will not do.
    """
    if not isinstance(given, dict):
        raise InvalidInput("metadata must be a JSON object.")
    for key, value in given.items():
        if not 1 <= len(key) <= MAX_METADATA or "\x00" in key:
            raise InvalidInput(f"Keys of metadata have 1 to {MAX_METADATA} characters.")
        if not isinstance(value, str) or len(value) > MAX_VALUE or "\x00" in value:
            raise InvalidInput(
                f"metadata '{key[:80]}' must be a string of at most {MAX_VALUE} characters."
            )
    return dict(given)


def check_specs(given: Any) -> dict[str, str]:
    """Extra specs as a type of shares may have them.

    :raises InvalidInput: naming what will not do.
    """
    if not isinstance(given, dict):
        raise InvalidInput("extra_specs must be a JSON object.")
    specs = {key: str(value) for key, value in given.items()}
    check_metadata(specs)
    for key in (SERVERS_SPEC, *ABILITY_SPECS):
        if key in specs and flag_of(specs[key]) is None:
            raise InvalidInput(f"Extra spec {key} must be True or False, not {specs[key][:80]!r}.")
    for key in (LEAST_SIZE_SPEC, MOST_SIZE_SPEC):
        if key in specs and _gib(specs[key]) is None:
            raise InvalidInput(f"Extra spec {key} must be a number of GiB, 1 or more.")
    return specs


def check_size_of_type(name: str, specs: Mapping[str, str], size: int) -> None:
    """Return if a type of these specs lets a share be so large, in GiB.

    :raises InvalidInput: it does not.
    """
    least, most = (_gib(specs.get(key, "")) for key in (LEAST_SIZE_SPEC, MOST_SIZE_SPEC))
    if size < (least or 1) or size > (most or MAX_SIZE):
        raise InvalidInput(
            f"Shares of type {name} have {least or 1} to {most or MAX_SIZE} GiB; {size} is not."
        )


def _gib(text: str) -> int | None:
    small = text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_SIZE))
    return int(text) or None if small else None
