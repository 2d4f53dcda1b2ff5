"""What lines of the log and spans are about: noted once, for all that is done within."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Final, Protocol

#: What may be noted: names that we gave and numbers, nothing that people wrote.
FIELDS: Final = {
    "job": "name of the job that runs",
    "post": "number of the post that is worked on",
    "request": "a number of its own for each request to the board",
    "route": "the board's address that was asked for, without what people put into it",
}
_about: ContextVar[Mapping[str, str | int]] = ContextVar("about", default=MappingProxyType({}))


class Spans(Protocol):
    """Measures how long something takes."""

    def span(
        self, name: str, about: Mapping[str, str | int]
    ) -> AbstractContextManager[Mapping[str, str]]:
        """A block that is measured; what it is known by."""


_spans: Spans | None = None


def measure_with(spans: Spans | None) -> None:
    """Have every block of `about` measured from now on; None: no more."""
    global _spans  # noqa: PLW0603 - of this process, as its log is
    _spans = spans


@contextmanager
def about(name: str, **fields: str | int) -> Iterator[None]:
    """A block whose lines and spans say what they are about.

    Args:
        name: what is done, for its span; the same each time.
        fields: of `FIELDS`.
    """
    unknown = fields.keys() - FIELDS.keys()
    if unknown:
        raise ValueError(f"not to be noted: {', '.join(sorted(unknown))}")
    if _spans is None:
        token = _about.set({**_about.get(), **fields})
        try:
            yield
        finally:
            _about.reset(token)
        return
    with _spans.span(name, fields) as known_by:
        token = _about.set({**_about.get(), **fields, **known_by})
        try:
            yield
        finally:
            _about.reset(token)


def what_it_is_about() -> dict[str, Any]:
    """What was noted, for a line that is written now."""
    return dict(_about.get())
