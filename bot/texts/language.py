"""The language in which somebody is spoken to, for as long as they are answered.

English where nothing else is said: in the log, on the command line, in what programs read and in
what is stored.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, TypeAlias, get_args

Language: TypeAlias = Literal["en", "de"]

#: Every language, the one that texts are written in first.
LANGUAGES: tuple[Language, ...] = get_args(Language)

_spoken: ContextVar[Language] = ContextVar("language", default="en")


def language() -> Language:
    """The language that is spoken now."""
    return _spoken.get()


@contextmanager
def speaking(spoken: Language) -> Iterator[None]:
    """Speak a language within; tasks that begin there speak it, too."""
    token = _spoken.set(spoken)
    try:
        yield
    finally:
        _spoken.reset(token)
