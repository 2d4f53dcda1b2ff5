"""What the columns of a file of posts mean, by the names that exports give them."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from storage.files.post_values import (
    is_address,
    is_blank,
    is_image_name,
    is_nothing,
    read_number,
    storable,
)

#: Where exports have the score; the first that a row has counts. After Reddit's own names come
#: those of collections on Kaggle and of people's own sheets.
SCORE_KEYS: Final = (
    "ups", "score", "net_votes", "net_score", "upvotes", "up_votes", "num_upvotes", "upvote_count",
    "karma", "points", "votes", "vote_count", "likes",
)  # fmt: skip
ID_KEYS: Final = ("id", "post_id", "submission_id", "reddit_id", "fullname", "name", "permalink")
DATE_KEYS: Final = (
    "created_utc", "created", "created_at", "timestamp", "date_utc", "datetime", "date",
    "posted_at", "post_date", "published_at", "created_date", "date_created", "date_posted",
    "created_time", "creation_time", "time", "utc",
)  # fmt: skip
TITLE_KEYS: Final = ("title", "post_title", "caption", "headline")
AUTHOR_KEYS: Final = ("author", "author_name", "username", "user", "op", "poster", "posted_by")
#: Genres go by a name of their own: the flair of a post may mean anything.
GENRE_KEYS: Final = ("genre", "meme_genre")
MEDIA_KEYS: Final = (
    "media", "url_overridden_by_dest", "image_url", "img_url", "media_url", "image_link",
    "content_url", "url", "image", "img", "picture", "link", "filename", "file_name", "image_file",
    "image_path", "file", "path",
)  # fmt: skip

#: Votes against, where the score is given as votes for.
_AGAINST: Final = ("downvotes", "down_votes", "num_downvotes", "downvote_count", "dislikes")
_FOR: Final = frozenset({"upvotes", "numupvotes", "upvotecount", "likes"})


#: All names that are looked for, besides those of another measure that is read as the score.
KNOWN_KEYS: Final = (
    *ID_KEYS, *DATE_KEYS, *TITLE_KEYS, *AUTHOR_KEYS, *GENRE_KEYS, *MEDIA_KEYS, *SCORE_KEYS,
    *_AGAINST, "preview",
)  # fmt: skip


class Columns:
    """The cells of one row, found by what they mean whatever the spelling of their names."""

    def __init__(self, row: Mapping[Any, Any]) -> None:
        self._cells: dict[str, tuple[str, Any]] = {}
        for name, value in row.items():
            if not isinstance(name, str):
                continue
            plain = squash(name)
            # ``id`` goes before MongoDB's own ``_id``, wherever it stands.
            if plain not in self._cells or name.casefold() == plain:
                self._cells[plain] = (name, _without_type(value))

    def find(self, names: Sequence[str], accept: Callable[[Any], bool]) -> tuple[str, Any]:
        """Name and value of the first cell under one of ``names`` that is accepted.

        Where none is, those of the first that has anything in it, and else an empty name and None.
        """
        found = list(self.all(names))
        return next((each for each in found if accept(each[1])), found[0] if found else ("", None))

    def all(self, names: Sequence[str]) -> Iterator[tuple[str, Any]]:
        """Name and value of every cell under one of ``names`` that has anything in it."""
        for name in names:
            cell = self._cells.get(squash(name))
            if cell is not None and not is_blank(cell[1]):
                yield cell


def _without_type(value: Any) -> Any:
    """What MongoDB writes as ``{"$numberInt": "12"}`` or ``{"$date": …}`` without its type."""
    while isinstance(value, dict) and len(value) == 1:
        ((key, inner),) = value.items()
        if not (isinstance(key, str) and key.startswith("$")):
            break
        value = inner
    return value


def squash(name: str) -> str:
    """A column's name without what people spell in different ways: ``Created UTC``, ``data.id``."""
    return re.sub(r"[^a-z0-9]", "", name.casefold().removeprefix("data."))


def read_score(columns: Columns, keys: Sequence[str]) -> tuple[str, float | None, Any]:
    """Name of the score's column, the score (None: there is none), and what stands there.

    Where a file has votes for and against, the score is their difference.
    """
    name, value = columns.find(keys, lambda each: read_number(each) is not None)
    score = read_number(value)
    if score is not None and squash(name) in _FOR:
        against_name, against = columns.find(_AGAINST, lambda each: read_number(each) is not None)
        if (number := read_number(against)) is not None:
            return f"{name} - {against_name}", score - abs(number), value
    return name, score, value


def read_media(columns: Columns, row: Mapping[Any, Any]) -> tuple[str, str | None, str | None]:
    """Name of the column, the image's address, and the name of its file; None where it is not told.

    An address that ends like an image goes before others, those before Reddit's preview.
    """
    cells = [cell for cell in columns.all(MEDIA_KEYS) if not is_nothing(cell[1])]
    cells = [cell for cell in cells if isinstance(cell[1], str)]
    files = [cell for cell in cells if not is_address(cell[1]) and is_image_name(cell[1])]
    addresses = [cell for cell in cells if is_address(cell[1])]
    best = [cell for cell in addresses if is_image_name(cell[1])]
    preview = _preview(row)
    if not best and preview is not None:
        best = [("preview", preview)]
    name, address = next(iter([*best, *addresses]), ("", None))
    file = None
    if files:
        file = re.split(r"[/\\]", files[0][1].strip())[-1]
        name = name or files[0][0]
    if address is None and file is None and cells:
        # What is no address is told as such when it is followed.
        name, address = cells[0]
    if address is not None:
        address = storable(address.strip().replace("&amp;", "&"))
    return name, address, storable(file) if file is not None else None


def _preview(row: Mapping[Any, Any]) -> str | None:
    value: Any = row
    for step in ("preview", "images", 0, "source", "url"):
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value if is_address(value) else None
