"""What somebody typed into a search box, as a query of SQLite's FTS5 and of PostgreSQL.

All words have to occur, in the title or in the text of the image. ``"some words"`` stand beside
each other, ``begin*`` is how a word begins. Everything else that is typed means nothing: no text
is an error, and none reaches the database as syntax.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: More of a text than this is not looked at: characters, and words.
MOST_CHARACTERS, MOST_WORDS = 200, 12
#: Beginnings of words are looked up from so many characters on; shorter ones are nearly all words.
LEAST_BEGINNING = 3
#: Letters and digits, as both databases split texts.
_TERM = re.compile(r'"([^"]*)"|([^\s"]+)')
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand beside each other; ``beginning``: the last one is how a word begins."""

    words: tuple[str, ...]
    beginning: bool = False


def read_terms(text: str) -> list[Term]:
    """The terms of a text; none where there is no letter and no digit in it."""
    terms: list[Term] = []
    room = MOST_WORDS
    for quoted, plain in _TERM.findall(text[:MOST_CHARACTERS]):
        words = tuple(each for each in _WORD.findall(quoted or plain))[:room]
        if words:
            beginning = plain.endswith("*") and len(words[-1]) >= LEAST_BEGINNING
            terms.append(Term(words, beginning))
            room -= len(words)
    return terms


def fts5_query(terms: Sequence[Term], community_id: int | None) -> str:
    """The query of FTS5; ``community_id``: only posts of that community."""
    found = " AND ".join(
        f'"{" ".join(each.words)}"{" *" if each.beginning else ""}' for each in terms
    )
    query = f"{{title image_text}} : ({found})"
    return query if community_id is None else f"{query} AND (place : c{community_id})"


def tsquery(terms: Sequence[Term]) -> str:
    """The query of PostgreSQL's ``to_tsquery``."""
    return " & ".join(
        f"({' <-> '.join(_lexeme(each, index) for index in range(len(each.words)))})"
        for each in terms
    )


def _lexeme(term: Term, index: int) -> str:
    last = index == len(term.words) - 1
    return f"'{term.words[index]}'{':*' if term.beginning and last else ''}"
