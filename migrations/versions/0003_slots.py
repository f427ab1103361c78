"""The slot of each node, by which conductors share them; what MariaDB needs besides."""

import zlib

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"

_SLOTS = 1024
_ROWS_AT_ONCE = 1000
_LOCKS = 64
_JSON = {("events", "data"), ("operations", "signal"), ("nodes", "secrets")}


def upgrade() -> None:
    """Add the column, and fill it from the uuids; make what MariaDB locks, and room for JSON."""
    locks = op.create_table(
        "locks", sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False)
    )
    op.bulk_insert(locks, [{"id": number} for number in range(_LOCKS)])
    if op.get_bind().dialect.name in ("mysql", "mariadb"):
        _lengthen_json()
    op.add_column("nodes", sa.Column("slot", sa.SmallInteger(), server_default="0", nullable=False))
    nodes = sa.table("nodes", sa.column("uuid", sa.String), sa.column("slot", sa.SmallInteger))
    connection = op.get_bind()
    uuids = connection.execute(sa.select(nodes.c.uuid)).scalars().all()
    fill = (
        sa.update(nodes)
        .where(nodes.c.uuid == sa.bindparam("ours"))
        .values(slot=sa.bindparam("its"))
    )
    for start in range(0, len(uuids), _ROWS_AT_ONCE):
        some = uuids[start : start + _ROWS_AT_ONCE]
        values = [{"ours": uuid, "its": zlib.crc32(uuid.encode()) % _SLOTS} for uuid in some]
        connection.execute(fill, values)


def _lengthen_json() -> None:
    """Columns of JSON, which have a default or are named; TEXT ends after 64 KiB there."""
    inspector = sa.inspect(op.get_bind())
    for table in inspector.get_table_names():
        for column in inspector.get_columns(table):
            if not isinstance(column["type"], mysql.TEXT):
                continue
            if column["default"] is None and (table, column["name"]) not in _JSON:
                continue
            op.alter_column(
                table,
                column["name"],
                type_=mysql.LONGTEXT(),
                existing_nullable=column["nullable"],
                existing_server_default=column["default"] and sa.text(column["default"]),
            )
