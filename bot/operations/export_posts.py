"""The labelled set as a file, with a data card beside it."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, selectinload

from storage.engine.database import Database
from storage.errors import ExpectedError
from storage.files.labelled_posts import COLUMNS, FileFormat, RowsFile, open_rows
from storage.queries.attributes import described
from storage.queries.communities import find_named_community
from storage.tables import Author, Community, Image, Label, Post, PostImage, Prediction
from storage.types import PostOrigin, PostState

_Batch: TypeAlias = Select[Label, Post, Community, str]

#: Posts that are read at once.
BATCH = 1000

#: Of an image's look.
_LOOK: Final = (
    "colourfulness", "sharpness", "brightness", "text_share", "text_top", "text_bottom",
    "text_lines",
)  # fmt: skip


class ExportRefused(ExpectedError):
    """The file cannot be written; the message says why."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        posts: how many.
        left_out: labelled posts of people who opted out.
        communities: how many posts of each, by name.
        first: when the first was posted; None: there is none.
        last: when the last was.
    """

    posts: int
    left_out: int
    communities: dict[str, int]
    first: datetime | None
    last: datetime | None


async def export_posts(
    database: Database,
    file: Path,
    file_format: FileFormat,
    *,
    community: str | None,
    now: datetime,
    progress: Callable[[int, int], None],
) -> Exported:
    """Write every labelled post that may be given away to a file, and a data card beside it.

    Posts of people who opted out are left out, and so are those that were withdrawn or hidden. The
    file appears whole or not at all.

    Args:
        database: where they are read.
        file: the file; beside it, ``NAME.md`` is the card.
        file_format: how they are written.
        community: only those of this one; None: all.
        now: aware.
        progress: told how many are written, and of how many.

    Raises:
        ExportRefused: the file or its card is there already.
        UnknownCommunity: there is no such community.
        OSError: the file cannot be written.
    """
    card = file.with_name(f"{file.name}.md")
    for each in (file, card):
        if each.exists():
            raise ExportRefused(f"{each} is already there: choose another name, or delete it.")
    partial = file.with_name(f".{file.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        with open_rows(partial, file_format) as rows:
            exported = await _write(database, rows, community, progress)
        card.write_text(_card(file, file_format, exported, now), "utf-8")
        partial.rename(file)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    return exported


async def _write(
    database: Database,
    rows: RowsFile,
    community: str | None,
    progress: Callable[[int, int], None],
) -> Exported:
    def count(session: Session) -> tuple[int | None, int, int]:
        where = None if community is None else find_named_community(session, community).id
        labelled = select(func.count()).select_from(Label).join(Post, Post.id == Label.post_id)
        if where is not None:
            labelled = labelled.where(Label.community_id == where)
        given = session.scalar(labelled.where(_may_be_given())) or 0
        withheld = session.scalar(labelled.where(_opted_out())) or 0
        return where, given, withheld

    community_id, total, left_out = await database.run_read(count)
    communities: dict[str, int] = {}
    after: tuple[datetime, int] | None = None
    moments: list[datetime] = []
    written = 0
    while True:
        query = _batch(community_id, after)

        def read(
            session: Session, query: Select[Label, Post, Community, str] = query
        ) -> list[dict[str, Any]]:
            return [_row(*each) for each in session.execute(query)]

        batch = await database.run_read(read)
        if not batch:
            break
        await asyncio.to_thread(rows.add, batch)
        after = batch[-1]["matured_at"], batch[-1]["post"]
        for row in batch:
            communities[row["community"]] = communities.get(row["community"], 0) + 1
        posted = [row["posted_at"] for row in batch]
        moments = [min(posted + moments), max(posted + moments)]
        written += len(batch)
        progress(written, max(total, written))
    first, last = moments or (None, None)
    return Exported(written, left_out, communities, first, last)


def _opted_out() -> Any:
    return Post.author_id.in_(select(Author.id).where(Author.opted_out_at.is_not(None)))


def _may_be_given() -> Any:
    return and_(
        Post.state != PostState.WITHDRAWN,
        Post.hidden_at.is_(None),
        or_(Post.author_id.is_(None), ~_opted_out()),
    )


def _batch(community_id: int | None, after: tuple[datetime, int] | None) -> _Batch:
    query = (
        select(Label, Post, Community, Author.hash)
        .join(Post, Post.id == Label.post_id)
        .join(Community, Community.id == Post.community_id)
        .outerjoin(Author, Author.id == Post.author_id)
        .where(_may_be_given())
        .order_by(Label.matured_at, Label.post_id)
        .limit(BATCH)
        .options(
            selectinload(Post.images).selectinload(PostImage.image),
            selectinload(Post.prediction_rows).selectinload(Prediction.model_version),
        )
    )
    if community_id is not None:
        query = query.where(Label.community_id == community_id)
    if after is not None:
        moment, post_id = after
        later = or_(Label.matured_at > moment, Label.post_id > post_id)
        query = query.where(Label.matured_at >= moment, later)
    return query


def _row(label: Label, post: Post, community: Community, author: str | None) -> dict[str, Any]:
    # What people saw is the first one; what came after the votes foresaw nothing.
    made = next((each for each in post.prediction_rows if each.made_at < label.matured_at), None)
    images: Iterable[Image] = (each.image for each in post.images if each.image is not None)
    image = made.image if made else next(iter(images), None)
    attributes = (described(image.attributes, image.text_layout) or {}) if image else {}
    genre, look = attributes.get("genre") or {}, attributes.get("look") or {}
    return {
        "post": post.id,
        "platform": post.platform.value,
        "community": community.name,
        "author": author,
        "title": post.title,
        "posted_at": post.posted_at,
        "imported": post.origin is PostOrigin.IMPORTED,
        "silent": post.silent,
        "score": label.score,
        "horizon_seconds": community.horizon_seconds,
        "matured_at": label.matured_at,
        "percentile_low": label.percentile_low,
        "percentile_high": label.percentile_high,
        "bucket": label.bucket.value,
        "image": image.sha256 if image else None,
        "image_format": image.format if image else None,
        "width": image.width if image else None,
        "height": image.height if image else None,
        "perceptual_hash": image.phash if image else None,
        "text": (image.text or None) if image else None,
        "genre": post.shown_genre or genre.get("name"),
        "faces": image.faces if image else None,
        "expression": image.expression if image else None,
        **{name: look.get(name) for name in _LOOK},
        "model_version": made.model_version.name if made else None,
        "predicted_at": made.made_at if made else None,
        "p_low": made.p_low if made else None,
        "p_medium": made.p_medium if made else None,
        "p_high": made.p_high if made else None,
        "log_score": made.log_score if made else None,
        "rps": made.rps if made else None,
        "base_rps": made.base_rps if made else None,
    }


def _card(file: Path, file_format: FileFormat, exported: Exported, now: datetime) -> str:
    span = (
        "No posts."
        if exported.first is None or exported.last is None
        else f"Posted from {exported.first:%Y-%m-%d} to {exported.last:%Y-%m-%d} (UTC)."
    )
    columns = "\n".join(f"| `{name}` | {kind} | {meaning} |" for name, kind, meaning in COLUMNS)
    places = "\n".join(
        f"| {_cell(name)} | {number:,} |" for name, number in sorted(exported.communities.items())
    )
    formulas = (
        "\nText that a program for tables would take for a formula has an apostrophe before it.\n"
        if file_format is FileFormat.CSV
        else ""
    )
    return f"""\
# {_cell(file.name)}

{exported.posts:,} posts whose outcome is known, written by Peoria on {now:%Y-%m-%d}. {span}

## People

Authors are keyed hashes: the same author is the same hash here and in other files of this
installation, and nobody without its key can tell who it is. {exported.left_out:,} posts of people
who opted out are left out, and so are posts that were deleted or hidden. Titles and texts are as
people wrote them, and may name somebody; there are no addresses of posts. Whoever asks to be
forgotten later is still in this file: make it anew before you hand it on.

## What the numbers are

The score is that at the horizon of its community, later votes do not count. Percentiles are among
the labels of the same community before it; posts with the same score share an interval. Predictions
were stored before the label. Scores of different communities cannot be compared; percentiles can.
{formulas}
## Communities

| name | posts |
|---|---|
{places}

## Columns

| name | type | meaning |
|---|---|---|
{columns}
"""


def _cell(text: str) -> str:
    """Somebody's text in a table of Markdown: no markup, one line."""
    plain = "".join(each if each.isprintable() else " " for each in text)
    for sign in "\\`*_[]<>|&#":
        plain = plain.replace(sign, f"\\{sign}")
    return plain
