"""All tables. A column of ``nodes`` has the name of the API field that shows it."""

import sqlalchemy as sa

from baremetal.db.types import JsonText, LongText, NullableJsonText, Timestamp, Uuid
from baremetal.domain.node import INTERFACES

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: SQLite numbers rows only in an INTEGER primary key.
RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _json(name: str) -> "sa.Column[object]":
    return sa.Column(name, JsonText, nullable=False, server_default="{}")


def _flag(name: str) -> "sa.Column[bool]":
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


nodes = sa.Table(
    "nodes",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("uuid", Uuid, nullable=False, unique=True),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("updated_at", Timestamp),
    sa.Column("name", sa.String(255), unique=True),
    sa.Column("driver", sa.String(255), nullable=False),
    *(sa.Column(f"{kind}_interface", sa.String(255)) for kind in INTERFACES),
    _json("driver_info"),
    _json("driver_internal_info"),
    sa.Column("secrets", LongText),
    _json("properties"),
    _json("extra"),
    _json("instance_info"),
    sa.Column("instance_uuid", Uuid, unique=True),
    sa.Column("instance_name", sa.String(255)),
    sa.Column("chassis_uuid", Uuid, index=True),
    sa.Column("allocation_uuid", Uuid),
    sa.Column("parent_node", Uuid),
    sa.Column("resource_class", sa.String(80), index=True),
    sa.Column("conductor_group", sa.String(255), nullable=False, server_default=""),
    sa.Column("slot", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("traits", JsonText, nullable=False, server_default="[]"),
    sa.Column("owner", sa.String(255)),
    sa.Column("lessee", sa.String(255)),
    sa.Column("shard", sa.String(255)),
    sa.Column("description", sa.Text),
    # No index: all others would have to be written each time it changes.
    sa.Column("provision_state", sa.String(32), nullable=False),
    sa.Column("target_provision_state", sa.String(32)),
    sa.Column("provision_updated_at", Timestamp),
    sa.Column("power_state", sa.String(32)),
    sa.Column("target_power_state", sa.String(32)),
    sa.Column("power_updated_at", Timestamp),
    sa.Column("last_error", sa.Text),
    sa.Column("fault", sa.String(64)),
    _flag("maintenance"),
    sa.Column("maintenance_reason", sa.Text),
    _flag("protected"),
    sa.Column("protected_reason", sa.Text),
    _flag("retired"),
    sa.Column("retired_reason", sa.Text),
    sa.Column("automated_clean", sa.Boolean),
    sa.Column("disable_power_off", sa.Boolean, nullable=False, server_default=sa.false()),
    _flag("console_enabled"),
    sa.Column("boot_mode", sa.String(16)),
    sa.Column("secure_boot", sa.Boolean),
    _json("network_data"),
    _json("raid_config"),
    _json("target_raid_config"),
    _json("clean_step"),
    _json("deploy_step"),
    _json("service_step"),
    sa.Column("reservation", sa.String(255)),
    sa.Column("operation_uuid", Uuid),
    sa.Column("agent_token", sa.String(64)),
    sa.Column("agent_url", sa.String(255)),
    sa.Column("last_heartbeat_at", Timestamp),
    sa.Column("deployed_at", Timestamp),
    sa.Column("inspection_started_at", Timestamp),
    sa.Column("inspection_finished_at", Timestamp),
)

ports = sa.Table(
    "ports",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("uuid", Uuid, nullable=False, unique=True),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("updated_at", Timestamp),
    sa.Column("address", sa.String(17), nullable=False, unique=True),
    sa.Column("node_uuid", Uuid, nullable=False, index=True),
    sa.Column("name", sa.String(255), unique=True),
    sa.Column("portgroup_uuid", Uuid),
    _json("extra"),
    _json("internal_info"),
    _json("local_link_connection"),
    sa.Column("pxe_enabled", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("physical_network", sa.String(64)),
    _flag("is_smartnic"),
)

chassis = sa.Table(
    "chassis",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("uuid", Uuid, nullable=False, unique=True),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("updated_at", Timestamp),
    sa.Column("description", sa.String(255)),
    _json("extra"),
)

allocations = sa.Table(
    "allocations",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("uuid", Uuid, nullable=False, unique=True),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("updated_at", Timestamp),
    sa.Column("name", sa.String(255), unique=True),
    sa.Column("node_uuid", Uuid, unique=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("owner", sa.String(255)),
    sa.Column("resource_class", sa.String(80)),
    sa.Column("traits", JsonText, nullable=False, server_default="[]"),
    sa.Column("candidate_nodes", JsonText, nullable=False, server_default="[]"),
    _json("extra"),
    sa.Column("last_error", sa.Text),
)

conductors = sa.Table(
    "conductors",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("hostname", sa.String(255), nullable=False, unique=True),
    sa.Column("conductor_group", sa.String(255), nullable=False, server_default=""),
    sa.Column("drivers", JsonText, nullable=False, server_default="{}"),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("updated_at", Timestamp, nullable=False),
    sa.Column("lease_until", Timestamp, nullable=False),
)

operations = sa.Table(
    "operations",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("uuid", Uuid, nullable=False, unique=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("resource_type", sa.String(32), nullable=False),
    sa.Column("resource_uuid", Uuid, nullable=False, index=True),
    sa.Column("conductor_group", sa.String(255), nullable=False, server_default=""),
    sa.Column("requested_by", sa.String(255)),
    sa.Column("request_id", sa.String(64)),
    sa.Column("global_request_id", sa.String(64)),
    _json("params"),
    _json("scratch"),
    sa.Column("steps", JsonText, nullable=False, server_default="[]"),
    sa.Column("step", sa.String(64)),
    sa.Column("cursor", sa.Integer, nullable=False, server_default="0"),
    sa.Column("percent", sa.Integer, nullable=False, server_default="0"),
    sa.Column("message", sa.Text),
    sa.Column("signal", NullableJsonText),
    sa.Column("waiting_for", sa.String(255)),
    sa.Column("waiting_since", Timestamp),
    sa.Column("deadline_at", Timestamp),
    sa.Column("cancel_requested", sa.String(32)),
    sa.Column("owner", sa.String(255)),
    sa.Column("fence", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lease_until", Timestamp),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("error", sa.Text),
    sa.Column("cause", sa.String(32)),
    sa.Column("autopsy", NullableJsonText),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("updated_at", Timestamp),
    sa.Column("started_at", Timestamp),
    sa.Column("finished_at", Timestamp),
)
sa.Index("ix_operations_state_id", operations.c.state, operations.c.id)
# What is queued is little beside all that ever was; a claim looks at it alone.
sa.Index(
    "ix_operations_queue",
    *(operations.c[n] for n in ("conductor_group", "kind", "requested_by", "id", "started_at")),
    sqlite_where=sa.text("state = 'queued'"),
    postgresql_where=sa.text("state = 'queued'"),
)
# The few of these which have begun before, and go on; they go first.
sa.Index(
    "ix_operations_resumed",
    operations.c.conductor_group,
    operations.c.state,
    operations.c.id,
    sqlite_where=sa.text("state = 'queued' AND started_at IS NOT NULL"),
    postgresql_where=sa.text("state = 'queued' AND started_at IS NOT NULL"),
)

#: How many locks there are on MariaDB; see `baremetal.db.database`.
LOCK_ROWS = 64
locks = sa.Table(
    "locks", metadata, sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False)
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("at", Timestamp, nullable=False),
    sa.Column("type", sa.String(64), nullable=False),
    sa.Column("node_uuid", Uuid),
    sa.Column("data", JsonText, nullable=False),
)

cursors = sa.Table(
    "cursors",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("owner", sa.String(255)),
    sa.Column("lease_until", Timestamp, nullable=False),
)

history = sa.Table(
    "node_history",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("uuid", Uuid, nullable=False, unique=True),
    sa.Column("node_uuid", Uuid, nullable=False, index=True),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("conductor", sa.String(255)),
    sa.Column("event_type", sa.String(64)),
    sa.Column("event", sa.Text),
    sa.Column("severity", sa.String(16)),
    sa.Column("user", sa.String(255)),
)

inventories = sa.Table(
    "node_inventory",
    metadata,
    sa.Column("node_uuid", Uuid, primary_key=True),
    sa.Column("created_at", Timestamp, nullable=False),
    _json("inventory"),
    _json("plugin_data"),
)

images = sa.Table(
    "images",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("uuid", Uuid, nullable=False, unique=True),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("updated_at", Timestamp),
    sa.Column("name", sa.String(255), index=True),
    sa.Column("status", sa.String(16), nullable=False, index=True),
    sa.Column("visibility", sa.String(16), nullable=False),
    sa.Column("owner", sa.String(255), index=True),
    sa.Column("disk_format", sa.String(20)),
    sa.Column("container_format", sa.String(20)),
    sa.Column("min_disk", sa.Integer, nullable=False, server_default="0"),
    sa.Column("min_ram", sa.Integer, nullable=False, server_default="0"),
    _flag("protected"),
    _flag("os_hidden"),
    sa.Column("size", sa.BigInteger),
    sa.Column("virtual_size", sa.BigInteger),
    sa.Column("checksum", sa.String(32)),
    sa.Column("os_hash_algo", sa.String(32)),
    sa.Column("os_hash_value", sa.String(128)),
    sa.Column("tags", JsonText, nullable=False, server_default="[]"),
    _json("properties"),
)

# Where an image's bytes are. A row is written before the first byte, and goes after the last.
image_locations = sa.Table(
    "image_locations",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("uuid", Uuid, nullable=False, unique=True),
    sa.Column("image_uuid", Uuid, nullable=False, index=True),
    sa.Column("store", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("updated_at", Timestamp),
)

image_members = sa.Table(
    "image_members",
    metadata,
    sa.Column("id", RowId, primary_key=True, autoincrement=True),
    sa.Column("image_uuid", Uuid, nullable=False),
    sa.Column("member", sa.String(255), nullable=False, index=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
    sa.Column("updated_at", Timestamp),
    sa.UniqueConstraint("image_uuid", "member"),
)
