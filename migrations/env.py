"""Runs migrations on the connection that ``baremetal.db.schema`` opened."""

from alembic import context

from baremetal.db import share_tables

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=share_tables.shares.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
