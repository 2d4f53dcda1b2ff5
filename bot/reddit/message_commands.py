"""What the words of a message ask for, without what is quoted, code, or our own."""

import html
import re

from bot.reddit.texts import OWN_WORDS
from storage.types import InboxKind

#: The strongest first: who writes both wants to be left alone.
_COMMANDS = (
    (re.compile(r"(?<![\w!])!(?:opt[ _-]?out|stop|unsubscribe)\b"), InboxKind.OPT_OUT),
    (re.compile(r"(?<![\w!])!opt[ _-]?in\b"), InboxKind.OPT_IN),
    (re.compile(r"(?<![\w!])!predict\b"), InboxKind.PREDICT),
)
#: The same in a message that says nothing else.
_ALONE = re.compile(r"(?:please )?(?:stop|unsubscribe|opt[ _-]?out)(?: please)?")
_FENCED = re.compile(r"(```|~~~).*?(?:\1|\Z)", re.DOTALL)
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_NAMED = re.compile(r"/?\bu/[\w-]+")
_MARKS = re.compile(r"[^\w\s-]+")


def command_in(body: object, subject: object = None) -> InboxKind | None:
    """What a message asks for; None where its words ask for nothing.

    The subject counts only where the body asks for nothing, and only if it is not that of the
    message which is answered.

    Args:
        body: Markdown, as Reddit gives it.
        subject: plain.
    """
    found = _command(body)
    if found is None and isinstance(subject, str) and not subject.lower().startswith("re:"):
        return _command(subject)
    return found


def _command(text: object) -> InboxKind | None:
    if not isinstance(text, str):
        return None
    said = _own_words_of_the_writer(text)
    for pattern, kind in _COMMANDS:
        if pattern.search(said):
            return kind
    alone = " ".join(_MARKS.sub(" ", _NAMED.sub(" ", said)).split())
    return InboxKind.OPT_OUT if _ALONE.fullmatch(alone) else None


def _own_words_of_the_writer(text: str) -> str:
    """The text in small letters, without quotes, code, and lines that repeat what we write."""
    kept = [
        line
        for line in _FENCED.sub(" ", html.unescape(text).lower()).splitlines()
        if line.lstrip()[:1] != ">"
        and not line.startswith(("    ", "\t"))
        and not any(words in line for words in OWN_WORDS)
    ]
    # Within a paragraph only: a single back-tick does not swallow what comes after it.
    return "\n\n".join(_CODE.sub(" ", part) for part in "\n".join(kept).split("\n\n"))
