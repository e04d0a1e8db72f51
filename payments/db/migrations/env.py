"""Alembic's entry: runs the versions on the connection that payments.db.migrate hands over."""

from alembic import context

from payments.db.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
