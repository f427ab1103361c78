"""Images: their records, where their bytes are, and who shares them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0007"
down_revision = "0006"

_JSON = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _moments() -> tuple["sa.Column[str]", "sa.Column[str]"]:
    return (
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("updated_at", sa.String(32)),
    )


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "images",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("uuid", sa.String(36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        *_moments(),
        sa.Column("name", sa.String(255)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("visibility", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(255)),
        sa.Column("disk_format", sa.String(20)),
        sa.Column("container_format", sa.String(20)),
        sa.Column("min_disk", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("min_ram", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("protected", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("os_hidden", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("virtual_size", sa.BigInteger()),
        sa.Column("checksum", sa.String(32)),
        sa.Column("os_hash_algo", sa.String(32)),
        sa.Column("os_hash_value", sa.String(128)),
        sa.Column("tags", _JSON, nullable=False, server_default="[]"),
        sa.Column("properties", _JSON, nullable=False, server_default="{}"),
        sa.PrimaryKeyConstraint("id", name="pk_images"),
        sa.UniqueConstraint("uuid", name="uq_images_uuid"),
    )
    for name in ("name", "status", "owner"):
        op.create_index(f"ix_images_{name}", "images", [name])
    op.create_table(
        "image_locations",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("uuid", sa.String(36), nullable=False),
        sa.Column("image_uuid", sa.String(36), nullable=False),
        sa.Column("store", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        *_moments(),
        sa.PrimaryKeyConstraint("id", name="pk_image_locations"),
        sa.UniqueConstraint("uuid", name="uq_image_locations_uuid"),
    )
    for name in ("image_uuid", "state"):
        op.create_index(f"ix_image_locations_{name}", "image_locations", [name])
    op.create_table(
        "image_members",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("image_uuid", sa.String(36), nullable=False),
        sa.Column("member", sa.String(255), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        *_moments(),
        sa.PrimaryKeyConstraint("id", name="pk_image_members"),
        sa.UniqueConstraint("image_uuid", "member", name="uq_image_members_image_uuid_member"),
    )
    op.create_index("ix_image_members_member", "image_members", ["member"])
