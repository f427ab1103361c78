"""An index of what is queued, for claims behind a backlog."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the index; only queued operations are in it."""
    op.create_index(
        "ix_operations_queue",
        "operations",
        ["conductor_group", "kind", "requested_by", "id", "started_at"],
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
