"""Shares: their types, what they are made of and who may come in; pools, messages, quotas."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0008"
down_revision = "0007"

_JSON = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _record() -> "list[sa.Column[object]]":
    return [
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("uuid", sa.String(36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        *_moments(),
    ]


def _moments() -> "list[sa.Column[object]]":
    return [
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("updated_at", sa.String(32)),
    ]


def _flag(name: str) -> "sa.Column[bool]":
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def _json(name: str) -> "sa.Column[str]":
    return sa.Column(name, _JSON, nullable=False, server_default="{}")


def _make_share_types() -> None:
    op.create_table(
        "share_types",
        *_record(),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.String(255)),
        sa.Column("is_public", sa.Boolean(), nullable=False, server_default=sa.true()),
        _json("extra_specs"),
        sa.PrimaryKeyConstraint("id", name="pk_share_types"),
        sa.UniqueConstraint("uuid", name="uq_share_types_uuid"),
        sa.UniqueConstraint("name", name="uq_share_types_name"),
    )


def _make_share_type_projects() -> None:
    op.create_table(
        "share_type_projects",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("share_type_uuid", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_share_type_projects"),
        sa.UniqueConstraint(
            "share_type_uuid",
            "project_id",
            name="uq_share_type_projects_share_type_uuid_project_id",
        ),
    )


def _make_shares() -> None:
    op.create_table(
        "shares",
        *_record(),
        sa.Column("instance_uuid", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(255)),
        sa.Column("user_id", sa.String(255)),
        sa.Column("name", sa.String(255)),
        sa.Column("description", sa.Text()),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("claimed", sa.Integer(), nullable=False),
        sa.Column("share_proto", sa.String(16), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("access_rules_status", sa.String(16), nullable=False),
        sa.Column("progress", sa.String(16)),
        _flag("is_public"),
        _json("metadata"),
        sa.Column("share_type", sa.String(36), nullable=False),
        sa.Column("share_type_name", sa.String(255), nullable=False),
        sa.Column("snapshot_id", sa.String(36)),
        sa.Column("host", sa.String(255)),
        sa.Column("availability_zone", sa.String(255)),
        _flag("snapshot_support"),
        _flag("create_share_from_snapshot_support"),
        _flag("revert_to_snapshot_support"),
        _flag("mount_snapshot_support"),
        sa.PrimaryKeyConstraint("id", name="pk_shares"),
        sa.UniqueConstraint("uuid", name="uq_shares_uuid"),
        sa.UniqueConstraint("instance_uuid", name="uq_shares_instance_uuid"),
    )
    op.create_index("ix_shares_host", "shares", ["host"])
    op.create_index("ix_shares_project_id", "shares", ["project_id", "id", "claimed"])
    op.create_index("ix_shares_share_type", "shares", ["share_type"])


def _make_share_export_locations() -> None:
    op.create_table(
        "share_export_locations",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("uuid", sa.String(36), nullable=False),
        *_moments(),
        sa.Column("share_uuid", sa.String(36), nullable=False),
        sa.Column("path", sa.String(2000), nullable=False),
        _flag("is_admin_only"),
        _flag("preferred"),
        sa.PrimaryKeyConstraint("id", name="pk_share_export_locations"),
        sa.UniqueConstraint("uuid", name="uq_share_export_locations_uuid"),
    )
    op.create_index(
        "ix_share_export_locations_share_uuid", "share_export_locations", ["share_uuid"]
    )


def _make_share_access_rules() -> None:
    op.create_table(
        "share_access_rules",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("uuid", sa.String(36), nullable=False),
        *_moments(),
        sa.Column("share_uuid", sa.String(36), nullable=False),
        sa.Column("access_type", sa.String(16), nullable=False),
        sa.Column("access_to", sa.String(255), nullable=False),
        sa.Column("access_level", sa.String(16), nullable=False),
        sa.Column("access_key", sa.Text()),
        sa.Column("state", sa.String(24), nullable=False),
        _json("metadata"),
        sa.PrimaryKeyConstraint("id", name="pk_share_access_rules"),
        sa.UniqueConstraint("uuid", name="uq_share_access_rules_uuid"),
    )
    op.create_index(
        "ix_share_access_rules_share_uuid_access_to",
        "share_access_rules",
        ["share_uuid", "access_to"],
    )
    op.create_index(
        "ix_share_access_rules_share_uuid_state", "share_access_rules", ["share_uuid", "state"]
    )


def _make_share_snapshots() -> None:
    op.create_table(
        "share_snapshots",
        *_record(),
        sa.Column("share_uuid", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(255)),
        sa.Column("user_id", sa.String(255)),
        sa.Column("name", sa.String(255)),
        sa.Column("description", sa.Text()),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("share_proto", sa.String(16), nullable=False),
        _json("metadata"),
        sa.PrimaryKeyConstraint("id", name="pk_share_snapshots"),
        sa.UniqueConstraint("uuid", name="uq_share_snapshots_uuid"),
    )
    op.create_index(
        "ix_share_snapshots_project_id", "share_snapshots", ["project_id", "id", "size"]
    )
    op.create_index("ix_share_snapshots_share_uuid", "share_snapshots", ["share_uuid"])


def _make_share_backends() -> None:
    op.create_table(
        "share_backends",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("service", sa.String(255), nullable=False),
        sa.Column("backend", sa.String(255), nullable=False),
        sa.Column("availability_zone", sa.String(255), nullable=False),
        *_moments(),
        sa.Column("lease_until", sa.String(32), nullable=False),
        sa.Column("problem", sa.Text()),
        _flag("disabled"),
        sa.Column("disabled_reason", sa.String(255)),
        sa.Column("total", sa.Double(), nullable=False, server_default="0"),
        sa.Column("free", sa.Double(), nullable=False, server_default="0"),
        sa.Column("allocated", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("allocated_then", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("ceiling", sa.BigInteger(), nullable=False, server_default="0"),
        _json("capabilities"),
        sa.PrimaryKeyConstraint("id", name="pk_share_backends"),
        sa.UniqueConstraint("host", name="uq_share_backends_host"),
    )
    op.create_index("ix_share_backends_service", "share_backends", ["service"])


def _make_share_messages() -> None:
    op.create_table(
        "share_messages",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("uuid", sa.String(36), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.String(32), nullable=False),
        sa.Column("project_id", sa.String(255)),
        sa.Column("request_id", sa.String(64)),
        sa.Column("resource_type", sa.String(32), nullable=False),
        sa.Column("resource_id", sa.String(36), nullable=False),
        sa.Column("action_id", sa.String(16), nullable=False),
        sa.Column("detail_id", sa.String(16), nullable=False),
        sa.Column("message_level", sa.String(16), nullable=False),
        sa.Column("user_message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_share_messages"),
        sa.UniqueConstraint("uuid", name="uq_share_messages_uuid"),
    )
    op.create_index("ix_share_messages_expires_at", "share_messages", ["expires_at"])
    op.create_index("ix_share_messages_project_id", "share_messages", ["project_id"])
    op.create_index("ix_share_messages_resource_id", "share_messages", ["resource_id"])


def _make_share_quotas() -> None:
    op.create_table(
        "share_quotas",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("project_id", sa.String(255), nullable=False, server_default=""),
        sa.Column("user_id", sa.String(255), nullable=False, server_default=""),
        sa.Column("share_type", sa.String(36), nullable=False, server_default=""),
        sa.Column("resource", sa.String(64), nullable=False),
        sa.Column("hard_limit", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_share_quotas"),
    )
    op.create_index(
        "uq_share_quotas_whose",
        "share_quotas",
        ["project_id", "user_id", "share_type", "resource"],
        unique=True,
    )


def upgrade() -> None:
    """Add the tables."""
    _make_share_types()
    _make_share_type_projects()
    _make_shares()
    _make_share_export_locations()
    _make_share_access_rules()
    _make_share_snapshots()
    _make_share_backends()
    _make_share_messages()
    _make_share_quotas()
