"""A guess in the words of a comment: `!guess high`."""

import html
import re

from storage.types import Bucket

_WORDS = {
    Bucket.LOW: ("low", "niedrig"),
    Bucket.MEDIUM: ("medium", "med", "mid", "middle", "mittel"),
    Bucket.HIGH: ("high", "hoch"),
}
_BUCKETS = {word: bucket for bucket, words in _WORDS.items() for word in words}
_GUESS = re.compile(
    rf"(?<![^\W_])(?<!!)!guess(?:ing)?[\s:=]+[*_\"'(]*({'|'.join(_BUCKETS)})(?![^\W_])",
    re.IGNORECASE,
)
_FENCED = re.compile(r"(```|~~~).*?(?:\1|\Z)", re.DOTALL)
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)


def guess_in(body: object) -> Bucket | None:
    """The guess in a comment; None: there is none, or more than one thing is guessed.

    Quotes and code count for nothing.

    Args:
        body: Markdown, as Reddit gives it.
    """
    if not isinstance(body, str) or "guess" not in body.lower():
        return None
    lines = [
        line
        for line in _FENCED.sub(" ", html.unescape(body)).splitlines()
        if line.lstrip()[:1] != ">" and not line.startswith(("    ", "\t"))
    ]
    said = _CODE.sub(" ", "\n".join(lines)).replace("\\", "")
    found = {_BUCKETS[match[1].lower()] for match in _GUESS.finditer(said)}
    return found.pop() if len(found) == 1 else None
