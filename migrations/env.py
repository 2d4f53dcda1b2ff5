"""What Alembic runs for each migration: on the connection that storage/migrate.py hands over."""

from alembic import context

from storage.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite cannot alter most things in place: Alembic then copies the table.
    render_as_batch=True,
    user_module_prefix="",
    compare_type=True,
    # SQLite rolls DDL back as well, once the driver keeps its hands off (storage/database.py).
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
