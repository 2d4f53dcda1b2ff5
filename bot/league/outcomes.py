"""Outcomes as they are told: what became of posts, in the order in which that was found out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from storage.tables import Author, Community, Guess, Label, Post, Prediction
from storage.types import SPOILER, Bucket, PostOrigin

#: Outcomes that are told at once; the others come with the next message.
MOST_OUTCOMES = 10


@dataclass(frozen=True, slots=True)
class ToldOutcome:
    """What became of one post.

    Attributes:
        source_id: the platform's id of the post.
        community_source_id: and of its community.
        options: what its platform knows of it.
        written_at: when the label was written; no two have the same.
        score: at the horizon.
        bucket: of that score.
        percentile: the middle of what it beats, 0 to 1.
        chances: what the bot gave low, medium and high, 0 to 1.
        right: guesses that were right.
        guesses: guesses that were scored.
        is_theirs: whether the person who is told wrote it.
        guess: what the person guessed; None: nothing, or nobody in particular is told.
        points: what that guess earned; None: it was not scored.
    """

    source_id: str
    community_source_id: str
    options: dict[str, object]
    title: str
    link: str | None
    spoiler: bool
    written_at: datetime
    score: float
    bucket: Bucket
    percentile: float
    chances: tuple[float, float, float]
    right: int
    guesses: int
    is_theirs: bool = False
    guess: Bucket | None = None
    points: float | None = None


def communities_with_outcomes(session: Session, after: datetime) -> frozenset[int]:
    """The communities in which labels were written after a moment."""
    query = select(Label.community_id).where(Label.written_at > after).distinct()
    return frozenset(session.scalars(query))


def read_outcomes(
    session: Session,
    community_ids: Collection[int],
    *,
    after: datetime,
    until: datetime | None,
    author_id: int | None = None,
) -> Sequence[ToldOutcome]:
    """Outcomes in some communities, the earliest first, `MOST_OUTCOMES` at most.

    Posts that were hidden and posts of people who opted out are left out.

    Args:
        session: a read session.
        community_ids: what the reader may be told of.
        after: of a label that was told before.
        until: of the last label that is told; None: whatever is there.
        author_id: a person: only what they posted or guessed on; None: everything.
    """
    hidden = select(Author.id).where(Author.opted_out_at.is_not(None))
    scored = (
        select(
            func.count().label("n"),
            func.coalesce(func.sum(case((Guess.points > 0, 1), else_=0)), 0).label("right"),
            Guess.post_id,
        )
        .where(Guess.points.is_not(None))
        .group_by(Guess.post_id)
        .subquery()
    )
    where: list[ColumnElement[bool]] = [
        Label.community_id.in_(community_ids),
        Label.written_at > after,
        Post.origin == PostOrigin.LIVE,
        Post.hidden_at.is_(None),
        Prediction.points.is_not(None),
        Post.author_id.is_(None) | Post.author_id.not_in(hidden),
    ]
    if until is not None:
        where.append(Label.written_at <= until)
    if author_id is not None:
        where.append(or_(Post.author_id == author_id, Guess.author_id == author_id))
    query = (
        select(
            Post.source_id,
            Community.source_id.label("community"),
            Post.options,
            Post.title,
            Post.link,
            Post.author_id,
            Label.written_at,
            Label.score,
            Label.bucket,
            ((Label.percentile_low + Label.percentile_high) / 2).label("percentile"),
            Prediction.p_low,
            Prediction.p_medium,
            Prediction.p_high,
            func.coalesce(scored.c.n, 0).label("n"),
            func.coalesce(scored.c.right, 0).label("right"),
            Guess.bucket.label("guess"),
            Guess.points.label("points"),
        )
        .select_from(Label)
        .join(Post, Post.id == Label.post_id)
        .join(Community, Community.id == Post.community_id)
        .join(Prediction, Prediction.post_id == Post.id)
        .outerjoin(scored, scored.c.post_id == Post.id)
        # Nobody has a guess of theirs where everybody is told.
        .outerjoin(Guess, and_(Guess.post_id == Post.id, Guess.author_id == (author_id or 0)))
        .where(*where)
        .order_by(Label.written_at)
        .limit(MOST_OUTCOMES)
    )
    return [
        ToldOutcome(
            source_id=row.source_id,
            community_source_id=row.community,
            options=dict(row.options or {}),
            title=row.title,
            link=row.link,
            spoiler=bool((row.options or {}).get(SPOILER)),
            written_at=row.written_at,
            score=row.score,
            bucket=row.bucket,
            percentile=row.percentile,
            chances=(row.p_low, row.p_medium, row.p_high),
            right=int(row.right),
            guesses=row.n,
            is_theirs=author_id is not None and row.author_id == author_id,
            guess=row.guess,
            points=row.points,
        )
        for row in session.execute(query)
    ]
