"""PostgreSQL, with the guarantees of `Database`: one view for a reader, one writer at a time."""

from sqlalchemy import Connection, Engine, event

#: A reader sees what there was at its first statement, as on SQLite.
READ_OPTIONS = {"isolation_level": "REPEATABLE READ"}

#: Who waits for a writer longer than this (as on SQLite) gives up.
CONNECT_OPTIONS = {"server_settings": {"lock_timeout": "30000"}}

#: The lock that writers take, "Peoria" as a number: they read what they then change, and count on
#: nobody changing it in between.
_WRITERS = 0x50656F726961


def apply_postgresql_rules(engine: Engine) -> None:
    """Let writing transactions, in whatever process, wait for each other."""

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("peoria_write"):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")
