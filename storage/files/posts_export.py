"""Files of posts whose outcome is known: TinyDB exports and plain lists."""

import itertools
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage.errors import ExpectedError

#: Longer titles are cut; no platform's are.
MAX_TITLE = 10_000

#: Longest id that is accepted.
MAX_ID = 100

#: Where exports have the score; the first that a row has counts.
SCORE_KEYS = ("ups", "score")

#: What exports write where the author's account is gone.
_NOBODY = ("", "None", "[deleted]", "[removed]")

#: Longest file name, extension apart, that every file system takes; bytes.
_MAX_NAME = 240

#: Endings of image files that are looked for.
_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif")


class PostsFileRefused(ExpectedError):
    """The file is not a file of posts; the message says why."""


@dataclass(frozen=True, slots=True)
class FilePost:
    """A row of the file that can be used. ``score`` is finite; ``posted_at`` is aware."""

    source_id: str
    title: str
    author: str | None
    posted_at: datetime
    score: float
    media: str | None


def read_posts(
    path: Path, *, now: datetime, score_keys: Sequence[str] = SCORE_KEYS
) -> tuple[list[FilePost], Counter[str]]:
    """Read a TinyDB export (or a plain list of posts), the oldest post first.

    Each post needs ``id``, ``created_utc`` (seconds) and ``ups`` (or ``score``); ``title``,
    ``author`` and ``media`` (the image's address) may be missing.

    Args:
        path: the file.
        now: posts dated later are left out.
        score_keys: where a row has its score; another measure of popularity may be read as one.

    Returns the posts, and the rows left out counted by reason.

    Raises:
        PostsFileRefused: the file is not such an export.
    """
    dropped: Counter[str] = Counter()
    posts: dict[str, FilePost] = {}
    for row in read_rows(path):
        post = _post(row, now, score_keys)
        if isinstance(post, str):
            dropped[post] += 1
        elif post.source_id in posts:
            dropped["the same id twice"] += 1
        else:
            posts[post.source_id] = post
    return sorted(posts.values(), key=lambda post: (post.posted_at, post.source_id)), dropped


def read_rows(path: Path) -> Iterator[Any]:
    """The rows of a TinyDB export or a plain list, as they stand there.

    Raises:
        PostsFileRefused: the file is not such an export.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise PostsFileRefused(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise PostsFileRefused(f"{path} is not JSON ({error}).") from error
    if isinstance(content, list):
        return iter(content)
    if isinstance(content, dict) and content and all(isinstance(t, dict) for t in content.values()):
        return itertools.chain.from_iterable(table.values() for table in content.values())
    raise PostsFileRefused(
        f"{path} is not a list of posts: expected a TinyDB export"
        ' ({"_default": {"1": {…}, …}}) or a JSON list of objects.'
    )


def _post(row: Any, now: datetime, score_keys: Sequence[str]) -> FilePost | str:
    """The post in a row, or why there is none."""
    if not isinstance(row, Mapping):
        return "not an object"
    source_id = row.get("id")
    if not isinstance(source_id, str) or not source_id or len(source_id) > MAX_ID:
        return "no id"
    if storable(source_id) != source_id:
        return "no id"
    created = _number(row.get("created_utc"))
    score = _number(next((row[key] for key in score_keys if key in row), None))
    if score is None:
        return "no score"
    if created is None:
        return "no date"
    if not 0 <= created <= now.timestamp():
        return "a date in the future or before 1970"
    title, author, media = row.get("title"), row.get("author"), row.get("media")
    return FilePost(
        source_id=source_id,
        title=storable(title[:MAX_TITLE]) if isinstance(title, str) else "",
        author=storable(author) if isinstance(author, str) and author not in _NOBODY else None,
        posted_at=datetime.fromtimestamp(created, UTC),
        score=score,
        media=storable(media) if isinstance(media, str) and media else None,
    )


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        # JSON knows integers of any length.
        return None
    return number if math.isfinite(number) else None


def storable(text: str) -> str:
    """The text without what JSON can spell and a database cannot hold: half pairs and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def find_image(folder: Path, post_id: str) -> Path | None:
    """The image of a post in a folder of images named by post id; None where there is none.

    The id is a stranger's: it must be a plain file name, and no longer than one may be.
    """
    if Path(post_id).name != post_id or len(post_id.encode()) > _MAX_NAME:
        return None
    paths = (folder / f"{post_id}{ending}" for ending in _ENDINGS)
    return next((path for path in paths if path.is_file()), None)
