"""The slot of each node, by which conductors share them."""

import zlib

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_SLOTS = 1024
_ROWS_AT_ONCE = 1000


def upgrade() -> None:
    """Add the column, and fill it from the uuids."""
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
