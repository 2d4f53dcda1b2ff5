"""Labels of a community with what the image of each looks like."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.queries.attributes import described
from storage.queries.labels import by_its_measure
from storage.tables import Image, Label, Post, PostImage


@dataclass(frozen=True, slots=True)
class LabelledLook:
    """A label and the first usable image of its post.

    Attributes:
        percentile: the middle of the label's interval, 0 to 1.
        posted_at: aware.
        genre: the one that people said, or that is named; None: not sure.
        attributes: of the image, as stored; None where they were never read.
    """

    percentile: float
    posted_at: datetime
    genre: str | None
    attributes: dict[str, Any] | None


def labelled_looks(session: Session, community_id: int, *, limit: int) -> Sequence[LabelledLook]:
    """The newest labels of a community whose post has an image, the newest first."""
    newest = (
        select(Label.post_id, Label.percentile_low, Label.percentile_high, Label.matured_at)
        .where(Label.community_id == community_id, by_its_measure())
        .order_by(Label.matured_at.desc(), Label.post_id.desc())
        .limit(limit)
        .subquery()
    )
    query = (
        select(
            newest.c.post_id,
            newest.c.percentile_low,
            newest.c.percentile_high,
            Post.posted_at,
            func.coalesce(Post.genre, Post.told_genre, Image.genre).label("genre"),
            Image.attributes,
            Image.text_layout,
        )
        .join(Post, Post.id == newest.c.post_id)
        .join(PostImage, PostImage.post_id == Post.id)
        .join(Image, Image.id == PostImage.image_id)
        .order_by(newest.c.matured_at.desc(), newest.c.post_id.desc(), PostImage.position)
    )
    first: dict[int, LabelledLook] = {}
    for row in session.execute(query):
        middle = (row.percentile_low + row.percentile_high) / 2
        attributes = described(row.attributes, row.text_layout)
        look = LabelledLook(middle, row.posted_at, row.genre, attributes)
        first.setdefault(row.post_id, look)
    return [*first.values()]
