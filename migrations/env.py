"""Runs the migrations on the connection that `server/store/upgrade.py` hands over, in its transaction."""

from alembic import context

from server.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by building it anew
    compare_type=True,
)
context.run_migrations()
