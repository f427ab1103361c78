"""Why operations failed: the cause in a word, and the autopsy."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns; what failed before has neither."""
    op.add_column("operations", sa.Column("cause", sa.String(32)))
    op.add_column("operations", sa.Column("autopsy", sa.Text()))
