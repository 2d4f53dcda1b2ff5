"""What the words of a message ask for, without what is quoted, code, or our own."""

import html
import re
import unicodedata

from bot.reddit.texts import OWN_WORDS
from storage.types import InboxKind

_OUT = r"(?:opt[ _-]*(?:me[ _-]*)?out|unsubscribe|unsub|stop)"
#: The strongest first: who writes both wants to be left alone.
_COMMANDS = (
    (re.compile(rf"(?<![\w!])!\s?{_OUT}\b"), InboxKind.OPT_OUT),
    (re.compile(r"(?<![\w!])!\s?opt[ _-]*(?:me[ _-]*)?in\b"), InboxKind.OPT_IN),
    (re.compile(r"(?<![\w!])!\s?predict\b"), InboxKind.PREDICT),
)
_POLITE = r"(?:please|pls|plz|thanks|thank you|thx|bot|now|me|hi|hello|hey)"
_WISH = r"(?:(?:i|we) (?:want|wish|would like|d like|like) to|let me|can you|could you)"
#: The same in a message that says nothing else, and other words for it.
_ALONE = re.compile(
    rf"(?:{_POLITE} )*(?:{_WISH} )?(?:{_POLITE} )*(?:{_OUT}|stop (?:it|this|that)"
    r"|stop (?:replying|commenting|messaging|predicting|answering)(?: (?:to )?(?:me|my posts?))?"
    rf"|leave me alone|do not reply to me|don t reply to me|quit|cancel)(?: {_POLITE})*"
)
#: Hyphens of all kinds, and signs that nobody sees.
_SPELT = str.maketrans(
    {**dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
     **dict.fromkeys("\\\u00ad\u200b\u200c\u200d\u2060\ufeff")}
)  # fmt: skip
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
    said = unicodedata.normalize("NFKC", _own_words_of_the_writer(text)).translate(_SPELT)
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
