"""The time by a server's clock, from the ``Date`` of its answers."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def time_of_answer(headers: Mapping[str, str]) -> datetime | None:
    """When a server answered, by its own clock, aware; None where its answer does not tell.

    Args:
        headers: of the answer, found whatever their capitals.
    """
    # Copies from a cache are of the time when they were made.
    return None if "Age" in headers else read_date(headers.get("Date"))


def read_date(header: str | None) -> datetime | None:
    """The moment of a ``Date`` header, aware; None where there is none that can be read."""
    try:
        told = parsedate_to_datetime(header or "")
    except (TypeError, ValueError):
        return None
    return told if told.tzinfo is not None else told.replace(tzinfo=UTC)
