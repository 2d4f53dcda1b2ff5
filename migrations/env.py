"""What Alembic runs for each migration, on the connection of storage/engine/migrate.py."""

from alembic import context

from storage.engine.migrate import is_compared
from storage.tables import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # SQLite cannot alter most things in place: Alembic then copies the table.
    render_as_batch=True,
    user_module_prefix="",
    compare_type=True,
    include_object=lambda item, *_: is_compared(item, connection.dialect.name),
    # SQLite rolls DDL back as well, once the driver keeps its hands off
    # (storage/engine/database.py).
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
