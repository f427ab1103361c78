"""The share, as a version of its API shows it."""

from typing import Any, Final

from baremetal.api.types import kinds
from baremetal.api.types.base import Field, Resource, Type, visible
from baremetal.db.share_tables import shares
from baremetal.domain import share as sh

#: Field -> the first version that has it no more.
_GONE: Final = {"export_location": 9, "export_locations": 9}
#: Fields that tell how the cloud is made.
_INTERNAL: Final = ("host", "share_server_id")


def _links(base: str, uuid: Any) -> str:
    return (
        f'[{{"rel":"self","href":"{base}/v2/shares/{uuid}"}},'
        f'{{"rel":"bookmark","href":"{base}/shares/{uuid}"}}]'
    )


def _nothing(_base: str, _uuid: Any) -> str:
    return "null"


def _no(_base: str, _uuid: Any) -> str:
    return "false"


class Share(Type):
    """A file system of a size that clients mount from afar."""

    __resource__ = Resource("share", "shares", shares, ("id", "name", "links"))

    id = Field(kinds.UUID, source="uuid")
    name = Field(kinds.TEXT, about="Need not be unique.")
    links = Field(kinds.LINKS, source="uuid", computed=_links)
    description = Field(kinds.LONG_TEXT)
    size = Field(kinds.INTEGER, about="GiB.")
    status = Field(kinds.one_of(*sh.STATUSES))
    share_proto = Field(kinds.one_of(*sh.PROTOCOLS))
    project_id = Field(kinds.TEXT)
    created_at = Field(kinds.MOMENT)
    availability_zone = Field(kinds.TEXT)
    host = Field(kinds.TEXT, about="Where it is: service@backend#pool.")
    is_public = Field(kinds.BOOLEAN, about="Whether other projects see it.")
    metadata = Field(kinds.OBJECT)
    share_type = Field(kinds.UUID)
    volume_type = Field(kinds.TEXT, source="share_type_name")
    snapshot_id = Field(kinds.UUID, about="What it was made from.")
    share_network_id = Field(kinds.COMPUTED, source="uuid", computed=_nothing)
    share_server_id = Field(kinds.COMPUTED, source="uuid", computed=_nothing)
    snapshot_support = Field(kinds.BOOLEAN, since=2)
    task_state = Field(kinds.COMPUTED, source="uuid", computed=_nothing, since=5)
    share_type_name = Field(kinds.TEXT, since=6)
    access_rules_status = Field(kinds.one_of(sh.ACTIVE, sh.SYNCING, sh.ERROR), since=10)
    replication_type = Field(kinds.COMPUTED, source="uuid", computed=_nothing, since=11)
    has_replicas = Field(kinds.COMPUTED, source="uuid", computed=_no, since=11)
    user_id = Field(kinds.TEXT, since=16)
    create_share_from_snapshot_support = Field(kinds.BOOLEAN, since=24)
    revert_to_snapshot_support = Field(kinds.BOOLEAN, since=27)
    share_group_id = Field(kinds.COMPUTED, source="uuid", computed=_nothing, since=31)
    source_share_group_snapshot_member_id = Field(
        kinds.COMPUTED, source="uuid", computed=_nothing, since=31
    )
    mount_snapshot_support = Field(kinds.BOOLEAN, since=32)
    progress = Field(kinds.TEXT, since=54)


def shown(version: int, *, internal: bool) -> tuple[str, ...]:
    """The fields that a version shows, and to whom."""
    names = visible(Share, max(version, 1))
    return names if internal else tuple(name for name in names if name not in _INTERNAL)
