"""Text that is no UTF-8, which SQLite stores as it comes and does not give back."""

from sqlalchemy import event

from storage.engine.database import Database


def keep_odd_text(database: Database) -> None:
    """Let text that is not UTF-8 be read, with lone surrogates for what cannot be decoded.

    Otherwise one such value fails the whole query. To be called before the first session.
    PostgreSQL takes no such text.
    """
    if database.engine.dialect.name != "sqlite":
        return

    @event.listens_for(database.engine.sync_engine, "connect")
    def decode_all(connection: object, _: object) -> None:
        connection.driver_connection.text_factory = _decode  # type: ignore[attr-defined]


def is_odd(text: str) -> bool:
    """Whether a text that was read so was not UTF-8."""
    return any("\udc80" <= character <= "\udcff" for character in text)


def _decode(stored: bytes) -> str:
    return stored.decode(errors="surrogateescape")
