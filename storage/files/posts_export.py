"""Files of posts whose outcome is known, in any of the forms that people export."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage.files.post_columns import (
    AUTHOR_KEYS,
    DATE_KEYS,
    GENRE_KEYS,
    ID_KEYS,
    KNOWN_KEYS,
    SCORE_KEYS,
    TITLE_KEYS,
    Columns,
    read_media,
    read_score,
    squash,
)
from storage.files.post_dates import read_moment, read_two_way_date
from storage.files.post_rows import PostsFileRefused, Row, read_rows
from storage.files.post_values import (
    MAX_GENRE,
    MAX_TITLE,
    is_full_name,
    read_author,
    read_id,
    read_text,
    storable,
)

#: Longest part of a value that is repeated in a report.
_MAX_SHOWN = 60


@dataclass(frozen=True, slots=True)
class FilePost:
    """A row of the file that can be used. ``score`` is finite; ``posted_at`` is aware.

    Attributes:
        media: the image's address; None where the file has none.
        file: the name of the image's file, without folders; None where the file has none.
        genre: what the file says that its genre is; None where it says nothing.
    """

    source_id: str
    title: str
    author: str | None
    posted_at: datetime
    score: float
    media: str | None
    file: str | None = None
    genre: str | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that cannot be used.

    Attributes:
        row: its place among the rows, from 1.
        id: the post's, where there is one.
        reason: in a few words, the same for all rows of a kind.
        found: what stands there in place of what is needed; empty where nothing does.
    """

    row: int
    id: str | None
    reason: str
    found: str = ""


@dataclass(slots=True)
class PostsFile:
    """What was read from a file of posts.

    Attributes:
        kind: of the file, for example ``CSV, UTF-8``.
        posts: that can be used, the oldest first; of two with one id the first row.
        left_out: the other rows, in order.
        columns: the columns that were read as ``id``, ``title``, ``author``, ``posted``, ``score``,
            ``image`` and ``genre``, with the number of rows of each.
        ignored: columns that mean nothing here.
    """

    kind: str
    posts: list[FilePost] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    columns: dict[str, Counter[str]] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)

    @property
    def dropped(self) -> Counter[str]:
        """How many rows were left out, by reason."""
        return Counter(each.reason for each in self.left_out)


def read_posts(path: Path, *, now: datetime, score_keys: Sequence[str] = SCORE_KEYS) -> PostsFile:
    """Read a file of posts (`storage.files.post_rows` says which), the oldest post first.

    Each post needs an id, the moment when it was posted and a score; title, author and image may
    be missing. Columns are found by the names of `storage.files.post_columns`.

    Args:
        path: the file.
        now: posts dated later are left out.
        score_keys: where a row has its score; another measure of popularity may be read as one.

    Raises:
        PostsFileRefused: the file is no file of posts, or no column of it is one of a post.
    """
    rows = read_rows(path)
    reader = _Reader(now, score_keys)
    for row in rows.rows:
        reader.take(row)
    reader.take_two_way_dates()
    if rows.table and not reader.columns:
        raise PostsFileRefused(f"{path} {reader.what_is_missing()}")
    return PostsFile(
        kind=rows.kind,
        posts=sorted(reader.posts.values(), key=lambda post: (post.posted_at, post.source_id)),
        left_out=sorted(reader.left_out, key=lambda each: each.row),
        columns=dict(reader.columns),
        ignored=reader.ignored(),
    )


@dataclass(frozen=True, slots=True)
class _Undated:
    """A row whose id and score were read, and what stands where its date should."""

    number: int
    row: Mapping[Any, Any]
    columns: Columns
    source_id: str
    score: float
    date_name: str
    date: Any


class _Reader:
    """Collects the posts of a file row by row."""

    def __init__(self, now: datetime, score_keys: Sequence[str]) -> None:
        self._now = now
        self._score_keys = score_keys
        self._names: dict[str, None] = {}
        self._undated: list[_Undated] = []
        self.posts: dict[str, FilePost] = {}
        self.left_out: list[LeftOut] = []
        self.columns: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def take(self, row: Row) -> None:
        """Take a row up, or put it off until it is known which number of its date is the day."""
        if row.fault is not None:
            self.left_out.append(LeftOut(row.number, None, row.fault))
            return
        post = self._post(row.number, row.values)
        if isinstance(post, _Undated):
            self._undated.append(post)
        else:
            self._keep(row.number, post)

    def take_two_way_dates(self) -> None:
        """Take up the rows whose date may be two days, where the others tell which it is."""
        dates = [read_two_way_date(each.date) for each in self._undated]
        told = {each.day_first for each in dates if each is not None} - {None}
        day_first = told.pop() if len(told) == 1 else None
        for each, two_ways in zip(self._undated, dates, strict=True):
            if day_first is None or two_ways is None:
                reason = "a date that may be two days"
                self._keep(
                    each.number, LeftOut(each.number, each.source_id, reason, _shown(each.date))
                )
            else:
                self._keep(each.number, self._dated(each, two_ways.read(day_first=day_first)))

    def _keep(self, number: int, post: FilePost | LeftOut) -> None:
        if isinstance(post, LeftOut):
            self.left_out.append(post)
        elif post.source_id in self.posts:
            self.left_out.append(LeftOut(number, post.source_id, "the same id twice"))
        else:
            self.posts[post.source_id] = post

    def ignored(self) -> list[str]:
        known = {squash(each) for each in (*KNOWN_KEYS, *self._score_keys)}
        return [name for name in self._names if squash(name) not in known]

    def what_is_missing(self) -> str:
        """Why no row of a table has an id, as the rest of a sentence."""
        if not self._names:
            return "has no rows below the names of its columns."
        names = ", ".join([*self._names][:12])
        known = (
            "with the ids of posts" if len(self.ignored()) < len(self._names) else "that is known"
        )
        return (
            f"has no column {known}: it has {names}. Call them id, created_utc, score, title,"
            " author and url."
        )

    def _post(self, number: int, row: Any) -> FilePost | LeftOut | _Undated:
        if not isinstance(row, Mapping):
            return LeftOut(number, None, "not an object", _shown(row))
        row, kind = _unwrapped(row)
        if kind is not None:
            return LeftOut(number, None, "not a post but another thing of Reddit", kind)
        self._names.update(dict.fromkeys(name for name in row if isinstance(name, str)))
        columns = Columns(row)
        name, found = columns.find(
            ID_KEYS, lambda each: read_id(each) is not None and not isinstance(each, bool)
        )
        if squash(name) in {"name", "permalink"} and not is_full_name(found):
            name, found = "", None
        source_id = read_id(found)
        if source_id is None:
            return LeftOut(number, None, "no id", _shown(found))
        self.columns["id"][name] += 1
        score_name, score, found_score = read_score(columns, self._score_keys)
        if score is None:
            return LeftOut(number, source_id, "no score", _shown(found_score))
        self.columns["score"][score_name] += 1
        name, found = columns.find(DATE_KEYS, lambda each: read_moment(each) is not None)
        undated = _Undated(number, row, columns, source_id, score, name, found)
        moment = read_moment(found)
        if moment is None and read_two_way_date(found) is not None:
            return undated
        return self._dated(undated, moment)

    def _dated(self, undated: _Undated, moment: datetime | float | None) -> FilePost | LeftOut:
        number, source_id, found = undated.number, undated.source_id, _shown(undated.date)
        if moment is None:
            return LeftOut(number, source_id, "no date", found)
        self.columns["posted"][undated.date_name] += 1
        posted_at = self._in_the_past(moment)
        if posted_at is None:
            return LeftOut(number, source_id, "a date in the future or before 1970", found)
        return self._with_details(undated, posted_at)

    def _in_the_past(self, moment: datetime | float) -> datetime | None:
        seconds = moment.timestamp() if isinstance(moment, datetime) else moment
        if not 0 <= seconds <= self._now.timestamp():
            return None
        return datetime.fromtimestamp(seconds, UTC)

    def _with_details(self, undated: _Undated, posted_at: datetime) -> FilePost:
        columns, row = undated.columns, undated.row
        title_name, title = columns.find(TITLE_KEYS, lambda each: isinstance(each, str))
        author_name, author = columns.find(AUTHOR_KEYS, lambda each: isinstance(each, str))
        genre_name, genre = columns.find(GENRE_KEYS, lambda each: isinstance(each, str))
        media_name, media, file = read_media(columns, row)
        for meaning, name in (
            ("title", title_name), ("author", author_name), ("image", media_name),
            ("genre", genre_name),
        ):  # fmt: skip
            if name:
                self.columns[meaning][name] += 1
        return FilePost(
            source_id=undated.source_id,
            title=read_text(title)[:MAX_TITLE],
            author=read_author(author),
            posted_at=posted_at,
            score=undated.score,
            media=media,
            file=file,
            genre=read_text(genre)[:MAX_GENRE] or None,
        )


def _unwrapped(row: Mapping[Any, Any]) -> tuple[Mapping[Any, Any], str | None]:
    """A thing of Reddit's listings without its wrapping; and its kind, if it is no post."""
    kind, data = row.get("kind"), row.get("data")
    if isinstance(data, Mapping) and (isinstance(kind, str) or len(row) == 1):
        return data, None if kind in {"t3", None} else kind
    return row, None


def _shown(value: Any) -> str:
    return "" if value is None else storable(repr(value))[:_MAX_SHOWN]
