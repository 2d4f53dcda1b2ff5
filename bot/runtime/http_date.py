"""The moments and pauses in the headers of a server's answers."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
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


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """How long a server asks to be left alone, 0 or more; None where it does not say.

    A moment is taken by the server's own clock, which its ``Date`` tells.
    """
    header = (headers.get("Retry-After") or "").strip()
    if header.isascii() and header.isdecimal():
        return timedelta(seconds=min(int(header), 10**9))
    moment, now = read_date(header), read_date(headers.get("Date"))
    if moment is None or now is None:
        return None
    return max(moment - now, timedelta())
