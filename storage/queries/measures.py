"""Every measure of the popularity of a community's labelled posts."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from storage.queries.labels import by_its_measure
from storage.tables import Community, Guess, Image, Label, Post, PostImage, PostMeasures, Snapshot
from storage.types import Measure


class MeasuredPost(NamedTuple):
    """The measures of one post at its horizon; None: its platform does not tell.

    Attributes:
        score: net upvotes.
        comments: under it.
        upvote_ratio: share of upvotes, 0 to 1.
        reactors: different people who reacted or voted.
        guesses: in the league.
        views: of its page on the board.
    """

    score: float | None
    comments: float | None
    upvote_ratio: float | None
    reactors: float | None
    guesses: float | None
    views: float | None


class RankedPost(NamedTuple):
    """One of the most or least popular posts.

    Attributes:
        post_id: its number.
        title: as its author wrote it.
        link: where people find it; None where its platform has no addresses.
        score: of the measure that its community is judged by.
        image_id: of its first picture, where the file is kept.
    """

    post_id: int
    title: str
    link: str | None
    score: float
    image_id: int | None


def measured_posts(session: Session, community_id: int, *, limit: int) -> Sequence[MeasuredPost]:
    """The measures of the community's newest labelled posts, the newest first.

    Posts of before measures were kept have what their last reading says.
    """
    guesses = (
        select(func.count()).select_from(Guess).where(Guess.post_id == Post.id).scalar_subquery()
    )
    by_score = case((Label.measure == Measure.SCORE, Label.score))
    query = (
        select(
            func.coalesce(PostMeasures.score, by_score),
            func.coalesce(PostMeasures.comments, Snapshot.comments),
            func.coalesce(PostMeasures.upvote_ratio, Snapshot.upvote_ratio),
            PostMeasures.reactors,
            func.coalesce(PostMeasures.guesses, guesses),
            PostMeasures.views,
        )
        .select_from(Label)
        .join(Post, Post.id == Label.post_id)
        .join(Community, Community.id == Label.community_id)
        .outerjoin(PostMeasures, PostMeasures.post_id == Label.post_id)
        .outerjoin(
            Snapshot,
            and_(Snapshot.post_id == Label.post_id, Snapshot.reading == Community.horizon_seconds),
        )
        .where(Label.community_id == community_id)
        .order_by(Label.matured_at.desc(), Label.post_id.desc())
        .limit(limit)
    )
    return [MeasuredPost(*row) for row in session.execute(query)]


def ranked_posts(
    session: Session,
    community_id: int,
    shown: ColumnElement[bool],
    *,
    best: bool,
    limit: int,
) -> Sequence[RankedPost]:
    """The posts with the highest or lowest labels by the community's measure, the extreme first.

    Args:
        session: to read with.
        community_id: the community.
        shown: the condition that a post may be shown to who asks.
        best: the highest; else the lowest.
        limit: so many at most.
    """
    order = (Label.score.desc(), Label.post_id) if best else (Label.score, Label.post_id)
    newest = (
        select(Post.id, Post.title, Post.link, Label.score, _first_image())
        .join(Label, Label.post_id == Post.id)
        .where(Label.community_id == community_id, by_its_measure(), shown)
        .order_by(*order)
        .limit(limit)
    )
    return [RankedPost(*row) for row in session.execute(newest)]


def _first_image() -> ColumnElement[int | None]:
    return (
        select(Image.id)
        .join(PostImage, PostImage.image_id == Image.id)
        .where(PostImage.post_id == Post.id, Image.dropped_at.is_(None))
        .order_by(PostImage.position)
        .limit(1)
        .scalar_subquery()
    )
