"""The tables of the Shared File Systems service; columns are called as the API shows them."""

import sqlalchemy as sa

from baremetal.db.tables import RowId, metadata
from baremetal.db.types import JsonText, Timestamp, Uuid


def _id() -> "sa.Column[object]":
    found: sa.Column[object] = sa.Column("id", RowId, primary_key=True, autoincrement=True)
    return found


def _record() -> "tuple[sa.Column[object], ...]":
    return (
        _id(),
        sa.Column("uuid", Uuid, nullable=False, unique=True),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        *_moments(),
    )


def _moments() -> "tuple[sa.Column[object], ...]":
    return (
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("updated_at", Timestamp),
    )


def _json(name: str) -> "sa.Column[object]":
    return sa.Column(name, JsonText, nullable=False, server_default="{}")


def _flag(name: str) -> "sa.Column[bool]":
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


share_types = sa.Table(
    "share_types",
    metadata,
    *_record(),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    sa.Column("description", sa.String(255)),
    sa.Column("is_public", sa.Boolean, nullable=False, server_default=sa.true()),
    _json("extra_specs"),
)

#: Who may use a type that is not public.
share_type_projects = sa.Table(
    "share_type_projects",
    metadata,
    _id(),
    sa.Column("share_type_uuid", Uuid, nullable=False),
    sa.Column("project_id", sa.String(255), nullable=False),
    sa.UniqueConstraint("share_type_uuid", "project_id"),
)

#: A share and the one instance of it that there is; its drivers know it by `instance_uuid`.
shares = sa.Table(
    "shares",
    metadata,
    *_record(),
    sa.Column("instance_uuid", Uuid, nullable=False, unique=True),
    sa.Column("project_id", sa.String(255)),
    sa.Column("user_id", sa.String(255)),
    sa.Column("name", sa.String(255)),
    sa.Column("description", sa.Text),
    sa.Column("size", sa.Integer, nullable=False),
    # What quotas and pools count: while the size changes, the larger one.
    sa.Column("claimed", sa.Integer, nullable=False),
    sa.Column("share_proto", sa.String(16), nullable=False),
    sa.Column("status", sa.String(40), nullable=False),
    sa.Column("access_rules_status", sa.String(16), nullable=False),
    sa.Column("progress", sa.String(16)),
    _flag("is_public"),
    _json("metadata"),
    sa.Column("share_type", Uuid, nullable=False, index=True),
    sa.Column("share_type_name", sa.String(255), nullable=False),
    sa.Column("snapshot_id", Uuid),
    sa.Column("host", sa.String(255), index=True),
    sa.Column("availability_zone", sa.String(255)),
    _flag("snapshot_support"),
    _flag("create_share_from_snapshot_support"),
    _flag("revert_to_snapshot_support"),
    _flag("mount_snapshot_support"),
)
# What a list of a project, and the sum of what it has, is read from.
sa.Index("ix_shares_project_id", shares.c.project_id, shares.c.id, shares.c.claimed)

share_export_locations = sa.Table(
    "share_export_locations",
    metadata,
    _id(),
    sa.Column("uuid", Uuid, nullable=False, unique=True),
    *_moments(),
    sa.Column("share_uuid", Uuid, nullable=False, index=True),
    sa.Column("path", sa.String(2000), nullable=False),
    _flag("is_admin_only"),
    _flag("preferred"),
)

share_access_rules = sa.Table(
    "share_access_rules",
    metadata,
    _id(),
    sa.Column("uuid", Uuid, nullable=False, unique=True),
    *_moments(),
    sa.Column("share_uuid", Uuid, nullable=False),
    sa.Column("access_type", sa.String(16), nullable=False),
    sa.Column("access_to", sa.String(255), nullable=False),
    sa.Column("access_level", sa.String(16), nullable=False),
    sa.Column("access_key", sa.Text),
    sa.Column("state", sa.String(24), nullable=False),
    _json("metadata"),
)
# What is pending of a share is found without a look at all else that it has.
sa.Index(
    "ix_share_access_rules_share_uuid_state",
    share_access_rules.c.share_uuid,
    share_access_rules.c.state,
)
sa.Index(
    "ix_share_access_rules_share_uuid_access_to",
    share_access_rules.c.share_uuid,
    share_access_rules.c.access_to,
)

share_snapshots = sa.Table(
    "share_snapshots",
    metadata,
    *_record(),
    sa.Column("share_uuid", Uuid, nullable=False, index=True),
    sa.Column("project_id", sa.String(255)),
    sa.Column("user_id", sa.String(255)),
    sa.Column("name", sa.String(255)),
    sa.Column("description", sa.Text),
    sa.Column("status", sa.String(40), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("share_proto", sa.String(16), nullable=False),
    _json("metadata"),
)
sa.Index(
    "ix_share_snapshots_project_id",
    *(share_snapshots.c[name] for name in ("project_id", "id", "size")),
)

#: A backend of a share service, and its pool as it was reported last.
share_backends = sa.Table(
    "share_backends",
    metadata,
    _id(),
    sa.Column("host", sa.String(255), nullable=False, unique=True),
    sa.Column("service", sa.String(255), nullable=False, index=True),
    sa.Column("backend", sa.String(255), nullable=False),
    sa.Column("availability_zone", sa.String(255), nullable=False),
    *_moments(),
    sa.Column("lease_until", Timestamp, nullable=False),
    sa.Column("problem", sa.Text),
    _flag("disabled"),
    sa.Column("disabled_reason", sa.String(255)),
    # GiB. What is allocated is counted with each share; what it was at the time of a report tells
    # how much of the reported free room is promised since.
    sa.Column("total", sa.Double, nullable=False, server_default="0"),
    sa.Column("free", sa.Double, nullable=False, server_default="0"),
    sa.Column("allocated", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("allocated_then", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("ceiling", sa.BigInteger, nullable=False, server_default="0"),
    _json("capabilities"),
)

share_messages = sa.Table(
    "share_messages",
    metadata,
    _id(),
    sa.Column("uuid", Uuid, nullable=False, unique=True),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("expires_at", Timestamp, nullable=False, index=True),
    sa.Column("project_id", sa.String(255), index=True),
    sa.Column("request_id", sa.String(64)),
    sa.Column("resource_type", sa.String(32), nullable=False),
    sa.Column("resource_id", Uuid, nullable=False, index=True),
    sa.Column("action_id", sa.String(16), nullable=False),
    sa.Column("detail_id", sa.String(16), nullable=False),
    sa.Column("message_level", sa.String(16), nullable=False),
    sa.Column("user_message", sa.Text, nullable=False),
)

#: Limits that differ from the configured ones. An empty text: of the project as a whole, of all
#: types; an empty project: of all that have none of their own.
share_quotas = sa.Table(
    "share_quotas",
    metadata,
    _id(),
    sa.Column("project_id", sa.String(255), nullable=False, server_default=""),
    sa.Column("user_id", sa.String(255), nullable=False, server_default=""),
    sa.Column("share_type", sa.String(36), nullable=False, server_default=""),
    sa.Column("resource", sa.String(64), nullable=False),
    sa.Column("hard_limit", sa.BigInteger, nullable=False),
)
sa.Index(
    "uq_share_quotas_whose",
    *(share_quotas.c[name] for name in ("project_id", "user_id", "share_type", "resource")),
    unique=True,
)
