"""The language in which somebody is spoken to, for as long as they are answered.

English where nothing else is said: in the log, on the command line, in what programs read and in
what is stored.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Literal, TypeAlias, get_args

#: By the tags that HTML, HTTP and Discord give languages (BCP 47).
Language: TypeAlias = Literal["en", "de", "es", "fr", "pt-BR", "ja"]

#: Every language, the one that texts are written in first.
LANGUAGES: tuple[Language, ...] = get_args(Language)

#: Who reads another kind of a language reads ours, too: the first part of a tag decides.
_BY_FIRST_PART: Final[dict[str, Language]] = {each.partition("-")[0]: each for each in LANGUAGES}

_spoken: ContextVar[Language] = ContextVar("language", default="en")


def language() -> Language:
    """The language that is spoken now."""
    return _spoken.get()


def language_of(tag: str) -> Language | None:
    """The language of a tag such as ``de-AT``, ``es-419`` or ``pt``; None where there is none."""
    return _BY_FIRST_PART.get(tag.partition("-")[0].lower())


@contextmanager
def speaking(spoken: Language) -> Iterator[None]:
    """Speak a language within; tasks that begin there speak it, too."""
    token = _spoken.set(spoken)
    try:
        yield
    finally:
        _spoken.reset(token)
