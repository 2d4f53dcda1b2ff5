"""What somebody looks for among posts, and the address that says it. No database.

Whatever stands in an address is read: what cannot be meant is left out, with a sentence.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from urllib.parse import urlencode

from bot.texts.translate import gettext as _
from bot.texts.translate import mark
from models.attributes.genre import GENRE_NAMES
from storage.queries.search_words import MOST_CHARACTERS, read_terms


class Sort(StrEnum):
    """Orders of posts."""

    NEW = "new"
    TOP = "top"
    SURPRISING = "surprising"
    BEST = "best"
    WORST = "worst"


SORTS: Mapping[Sort, str] = {
    Sort.NEW: mark("Newest"),
    Sort.TOP: mark("Highest score"),
    Sort.SURPRISING: mark("Most surprising"),
    Sort.BEST: mark("Best predicted"),
    Sort.WORST: mark("Worst predicted"),
}

#: Where a page begins: the number that the order goes by, and the id of the post before it.
_PERSON = re.compile(r"[0-9a-f]{12}")
_PLACE = re.compile(r"(-?\d{1,20}(?:\.\d{1,20})?(?:e-?\d{1,3})?)_(\d{1,18})")
_VERSION = re.compile(r"[\w.-]{1,64}", re.ASCII)

NO_WORDS = mark(
    "There is no word to look for in that. Type letters or digits; all words"
    ' have to occur, and "some words" stand beside each other.'
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: behind the post ``post_id``, whose number in the order is ``key``."""

    key: float
    post_id: int

    @property
    def text(self) -> str:
        """As it stands in an address."""
        key = int(self.key) if self.key == int(self.key) else self.key
        return f"{key}_{self.post_id}"


@dataclass(frozen=True, slots=True)
class Browse:
    """What is looked for.

    Attributes:
        words: to be found in titles and in texts of images; empty: none.
        sort: the order.
        open: only posts that may still be guessed on.
        by: whose: ``me`` for the reader's own, or the name of a person who shows their page; empty:
            anybody's.
        version: name of the model version that predicted; None: any.
        genre: what the image looks like; None: anything.
        since: the first day (UTC) of posting; None: any.
        until: the last day.
        after: where the page begins; None: at the beginning.
        notes: what was left out of the address, in sentences.
    """

    words: str = ""
    sort: Sort = Sort.NEW
    open: bool = False
    by: str = ""
    version: str | None = None
    genre: str | None = None
    since: date | None = None
    until: date | None = None
    after: Place | None = None
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def is_plain(self) -> bool:
        """Whether nothing is asked for but all posts, newest first."""
        return replace(self, after=None) == Browse()

    @property
    def span(self) -> tuple[datetime | None, datetime | None]:
        """From which moment on, and up to which, without it."""
        begin = None if self.since is None else datetime.combine(self.since, time(), UTC)
        end = None
        if self.until is not None and self.until < date.max:
            end = datetime.combine(self.until + timedelta(days=1), time(), UTC)
        return begin, end

    def query(self, **changes: object) -> str:
        """The address's query for this, or for this with something changed; begins with ``?``."""
        one = replace(self, **changes)  # type: ignore[arg-type]
        fields = {
            "q": one.words,
            "sort": one.sort.value if one.sort is not Sort.NEW else "",
            "open": "1" if one.open else "",
            "by": one.by,
            "version": one.version or "",
            "genre": one.genre or "",
            "since": one.since.isoformat() if one.since else "",
            "until": one.until.isoformat() if one.until else "",
            "after": one.after.text if one.after else "",
        }
        text = urlencode({name: value for name, value in fields.items() if value})
        return f"?{text}" if text else ""


def read_browse(query: Mapping[str, str]) -> Browse:
    """Read the query of an address."""
    notes: list[str] = []
    words = _clean(query.get("q", ""))
    if words and not read_terms(words):
        notes.append(NO_WORDS)
        words = ""
    return Browse(
        words=words,
        sort=_sort(query.get("sort", ""), notes),
        open=query.get("open") == "1",
        by=_by(query.get("by", ""), notes),
        version=_version(query.get("version", ""), notes),
        genre=_genre(query.get("genre", ""), notes),
        since=_day(query.get("since", ""), notes),
        until=_day(query.get("until", ""), notes),
        after=_place(query.get("after", ""), notes),
        notes=tuple(notes),
    )


def _clean(text: str) -> str:
    printable = "".join(each if each.isprintable() else " " for each in text[:MOST_CHARACTERS])
    return " ".join(printable.split())


def _sort(text: str, notes: list[str]) -> Sort:
    if not text:
        return Sort.NEW
    try:
        return Sort(text)
    except ValueError:
        notes.append(_("There is no such order of posts; these are the newest first."))
        return Sort.NEW


def _version(text: str, notes: list[str]) -> str | None:
    if text and not _VERSION.fullmatch(text):
        notes.append(_("That is no name of a model version; posts of all versions are shown."))
        return None
    return text or None


def _by(text: str, notes: list[str]) -> str:
    if text and text != "me" and not _PERSON.fullmatch(text):
        notes.append(_("There is no such person; posts of everybody are shown."))
        return ""
    return text


def _genre(text: str, notes: list[str]) -> str | None:
    if text and text not in GENRE_NAMES:
        notes.append(_("There is no such kind of picture; all kinds are shown."))
        return None
    return text or None


def _day(text: str, notes: list[str]) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        notes.append(_("A day is written as 2026-11-26; that one is left out."))
        return None


def _place(text: str, notes: list[str]) -> Place | None:
    if not text:
        return None
    found = _PLACE.fullmatch(text)
    if found is None or not text.isascii() or abs(float(found[1])) > 1e18:
        notes.append(_("That is not where a page begins; this is the first one."))
        return None
    return Place(float(found[1]), int(found[2]))
