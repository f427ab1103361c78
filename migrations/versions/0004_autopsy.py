"""Why operations failed, in a word and in full; the id under which others know their request."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns; what was before has none of them."""
    op.add_column("operations", sa.Column("cause", sa.String(32)))
    op.add_column(
        "operations",
        sa.Column("autopsy", sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")),
    )
    op.add_column("operations", sa.Column("global_request_id", sa.String(64)))
