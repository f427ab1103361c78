"""How far the events have been delivered as notifications."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "cursors",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(255)),
        sa.Column("lease_until", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_cursors"),
    )
