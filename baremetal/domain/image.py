"""The image: its life as a table, and the rules that hold for it whoever asks.

The words are those of the OpenStack Image API v2. Nothing here reads or writes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from baremetal.domain.errors import Conflict, Forbidden, InvalidInput, TooLarge

QUEUED: Final = "queued"
SAVING: Final = "saving"
UPLOADING: Final = "uploading"
IMPORTING: Final = "importing"
ACTIVE: Final = "active"
DEACTIVATED: Final = "deactivated"
PENDING_DELETE: Final = "pending_delete"
KILLED: Final = "killed"
DELETED: Final = "deleted"

#: What happens to an image -> {status before: status after}
STATES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "upload": {QUEUED: SAVING},
        "upload done": {SAVING: ACTIVE},
        "upload failed": {SAVING: QUEUED},
        "stage": {QUEUED: UPLOADING},
        "stage done": {UPLOADING: UPLOADING},
        "stage failed": {UPLOADING: QUEUED},
        "import": {QUEUED: IMPORTING, UPLOADING: IMPORTING},
        "import done": {IMPORTING: ACTIVE},
        "import failed": {IMPORTING: QUEUED},
        "deactivate": {ACTIVE: DEACTIVATED, DEACTIVATED: DEACTIVATED},
        "reactivate": {ACTIVE: ACTIVE, DEACTIVATED: ACTIVE},
        "lose": {ACTIVE: KILLED, DEACTIVATED: KILLED},
        "delete": dict.fromkeys(
            (QUEUED, SAVING, UPLOADING, IMPORTING, ACTIVE, DEACTIVATED, KILLED), PENDING_DELETE
        ),
    }
)
STATUSES: Final = (
    QUEUED,
    SAVING,
    UPLOADING,
    IMPORTING,
    ACTIVE,
    DEACTIVATED,
    KILLED,
    PENDING_DELETE,
    DELETED,
)

PUBLIC: Final = "public"
COMMUNITY: Final = "community"
SHARED: Final = "shared"
PRIVATE: Final = "private"
VISIBILITIES: Final = (PUBLIC, COMMUNITY, SHARED, PRIVATE)

CONTAINER_FORMATS: Final = ("bare", "ovf", "ova", "aki", "ari", "ami", "docker", "compressed")
DISK_FORMATS: Final = (
    *("raw", "qcow2", "vhd", "vhdx", "vmdk", "vdi", "iso"),
    *("ploop", "aki", "ari", "ami", "gpt"),
)

PENDING: Final = "pending"
ACCEPTED: Final = "accepted"
REJECTED: Final = "rejected"
MEMBER_STATUSES: Final = (PENDING, ACCEPTED, REJECTED)

#: Of a location: bytes on their way into a store, there but not the image's yet, there, on
#: their way out.
WRITING: Final = "writing"
STAGED: Final = "staged"
STORED: Final = "stored"
DELETING: Final = "deleting"

MAX_PROPERTIES: Final = 128
MAX_TAGS: Final = 128
MAX_MEMBERS: Final = 128
_LONGEST_NAME: Final = 255
_LONGEST_VALUE: Final = 65535

#: Names that a caller's own property must not have: the service may give them one day.
RESERVED_PREFIX: Final = "os_glance_"
#: Why the last import failed.
IMPORT_MESSAGE: Final = "os_glance_import_message"
#: The stores that an import has still to bring data into, and those where it failed; commas.
IMPORTING_TO: Final = "os_glance_importing_to_stores"
FAILED_IN: Final = "os_glance_failed_import"


@dataclass(frozen=True, slots=True)
class Image:
    """An image as its record has it."""

    uuid: str
    status: str = QUEUED
    name: str | None = None
    owner: str | None = None
    visibility: str = SHARED
    protected: bool = False
    disk_format: str | None = None
    container_format: str | None = None
    size: int | None = None
    virtual_size: int | None = None
    tags: tuple[str, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)

    def after(self, event: str) -> str:
        """The status after something has happened.

        :raises Conflict: it can not happen to an image of this status.
        """
        return after(self.uuid, self.status, event)

    def check_delete(self) -> None:
        """Return if it may go.

        :raises Forbidden: it is protected.
        """
        if self.protected:
            raise Forbidden(
                f"Image {self.uuid} is protected and cannot be deleted; "
                "first set protected to false."
            )

    def check_data(self) -> None:
        """Return if bytes can be put into it: it must say what they are.

        :raises InvalidInput: a format is missing.
        """
        missing = [
            name
            for name, value in (
                ("disk_format", self.disk_format),
                ("container_format", self.container_format),
            )
            if value is None
        ]
        if missing:
            raise InvalidInput(f"Properties {', '.join(missing)} must be set prior to saving data.")

    def check_read(self, *, overseer: bool) -> None:
        """Return if its bytes may be read.

        :raises Forbidden: it is deactivated, which only those who look after all images pass.
        """
        if self.status == DEACTIVATED and not overseer:
            raise Forbidden(
                f"Image {self.uuid} is deactivated: its data cannot be read until an "
                "administrator reactivates it."
            )

    def check_whole(self) -> None:
        """Return if its bytes are all there.

        :raises Conflict: they are not (yet).
        """
        if self.status not in (ACTIVE, DEACTIVATED):
            raise Conflict(f"Image {self.uuid} is {self.status}; only an active one has its data.")

    def check_direct(self) -> None:
        """Return if its bytes may be read by whoever has a ticket.

        :raises Forbidden: it is deactivated; nobody's ticket passes that.
        :raises Conflict: it has no bytes.
        """
        self.check_read(overseer=False)
        self.check_whole()


def after(uuid: str, status: str, event: str) -> str:
    """The status of an image after something has happened.

    :raises Conflict: it can not happen to an image of this status.
    """
    moves = STATES[event]
    if status not in moves:
        needed = " or ".join(moves)
        raise Conflict(f"Image {uuid} is {status}; {event} needs it to be {needed}.")
    return moves[status]


def check_properties(properties: Mapping[str, Any]) -> None:
    """Return if a caller may have these properties of their own.

    :raises InvalidInput: naming one that will not do, and why.
    :raises TooLarge: there are too many.
    """
    if len(properties) > MAX_PROPERTIES:
        raise TooLarge(f"An image has at most {MAX_PROPERTIES} properties of its own.")
    for name, value in properties.items():
        if not 1 <= len(name) <= _LONGEST_NAME or "\x00" in name:
            raise InvalidInput(f"Property names have 1 to {_LONGEST_NAME} characters.")
        if name.startswith(RESERVED_PREFIX):
            raise InvalidInput(f"Property '{name[:80]}': {RESERVED_PREFIX}* is reserved.")
        if not isinstance(value, str) or len(value) > _LONGEST_VALUE or "\x00" in value:
            raise InvalidInput(
                f"Property '{name[:80]}' must be a string of at most {_LONGEST_VALUE} characters."
            )


def with_course(
    properties: Mapping[str, Any],
    *,
    begun: Iterable[str] = (),
    done: Iterable[str] = (),
    failed: Iterable[str] = (),
) -> dict[str, Any]:
    """An image's properties after an import into stores has begun there, or ended.

    Those of an image that nothing was ever imported into stay as they are.
    """
    new, good, bad = tuple(begun), frozenset(done), tuple(failed)
    if not new and IMPORTING_TO not in properties:
        return dict(properties)
    left = [*_listed(properties, IMPORTING_TO), *new]
    missed = [one for one in _listed(properties, FAILED_IN) if one not in new]
    left = [one for one in dict.fromkeys(left) if one not in good and one not in bad]
    missed = [one for one in dict.fromkeys([*missed, *bad]) if one not in good]
    return {**properties, IMPORTING_TO: ",".join(left), FAILED_IN: ",".join(missed)}


def _listed(properties: Mapping[str, Any], name: str) -> list[str]:
    return [one for one in str(properties.get(name, "")).split(",") if one]


def check_tags(tags: tuple[str, ...]) -> None:
    """Return if these can be an image's tags.

    :raises InvalidInput: one is too long or empty.
    :raises TooLarge: there are too many.
    """
    if len(tags) > MAX_TAGS:
        raise TooLarge(f"An image has at most {MAX_TAGS} tags.")
    for tag in tags:
        if not 1 <= len(tag) <= _LONGEST_NAME or "\x00" in tag:
            raise InvalidInput(f"A tag has 1 to {_LONGEST_NAME} characters.")


def check_member(image: Image) -> None:
    """Return if the image can have members.

    :raises Forbidden: only those of visibility shared can.
    """
    if image.visibility != SHARED:
        raise Forbidden(
            f"Image {image.uuid} has visibility {image.visibility}; only shared images have "
            "members."
        )
