"""What a digest tells: who guessed best, what surprised, what played, how the bot did."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, desc, func, select
from sqlalchemy.orm import Session

from storage.tables import Author, Community, Guess, Image, Label, Post, Prediction
from storage.types import SPOILER, Bucket, PostOrigin

#: People who are named, and posts that are kept in hand: one that is gone is left out.
_PEOPLE, _POSTS = 3, 5
#: What the bot gave no more than this is a surprise: a third is what it gives who knows nothing.
_SURPRISE = 0.3


@dataclass(frozen=True, slots=True)
class DigestPerson:
    """Somebody's guesses of a span.

    Attributes:
        author_id: of the person.
        person: their keyed hash.
        sealed: their sealed id; None: it is not kept.
        points: what the guesses earned.
        hits: how many of them were right.
        n: guesses that were scored.
    """

    author_id: int
    person: str
    sealed: str | None
    points: float
    hits: int
    n: int


@dataclass(frozen=True, slots=True)
class DigestPost:
    """A post of a span.

    Attributes:
        source_id: the platform's id.
        community: its name.
        options: what its platform knows of it.
        score: at the horizon.
        bucket: of that score.
        chance: what the bot gave that bucket, 0 to 1.
        percentile: the middle of what it beats, 0 to 1.
        sha256: of its image; None: its file is deleted.
    """

    source_id: str
    community_source_id: str
    options: dict[str, object]
    title: str
    link: str | None
    spoiler: bool
    score: float
    bucket: Bucket
    chance: float
    percentile: float
    sha256: str | None


@dataclass(frozen=True, slots=True)
class DigestFigures:
    """What a digest tells of some communities and a span.

    Attributes:
        labels: posts whose score became final.
        n: of these, posts that were predicted and scored.
        hits: of these, posts whose most probable bucket was right.
        chance: the share that guessing the same bucket would have had right by the base rate,
            0 to 1; None: nothing was scored.
        points: what the bot earned by the rule that holds for people.
        best: the best forecasters, the best first.
        top: posts with the highest score, the highest first.
        surprising: posts whose bucket the bot found unlikely, the least likely first; empty where
            nothing surprised it.
    """

    labels: int
    n: int
    hits: int
    chance: float | None
    points: float
    best: Sequence[DigestPerson]
    top: Sequence[DigestPost]
    surprising: Sequence[DigestPost]


def read_digest(
    session: Session, community_ids: Collection[int], begin: datetime, end: datetime
) -> DigestFigures:
    """What happened in some communities: posts whose score became final within a span.

    People who opted out are left out, and so are their posts and posts that were hidden.

    Args:
        session: a read session.
        community_ids: what readers may be told of.
        begin: aware.
        end: aware, not of the span.
    """
    span = {"communities": list(community_ids), "begin": begin, "end": end}
    labels = session.scalar(_LABELS, span)
    record = session.execute(_RECORD, span).one()
    return DigestFigures(
        labels or 0,
        record[0],
        int(record[1]),
        None if record[2] is None else float(record[2]),
        float(record[3]),
        [DigestPerson(*row) for row in session.execute(_BEST, span)],
        _posts(session, _TOP, span),
        _posts(session, _SURPRISING, span),
    )


def _given() -> ColumnElement[float]:
    """The chance that a prediction gave to what happened."""
    return case(
        (Label.bucket == Bucket.LOW, Prediction.p_low),
        (Label.bucket == Bucket.MEDIUM, Prediction.p_medium),
        else_=Prediction.p_high,
    )


def _best() -> Select[int, str, str | None, Any, Any, int]:
    points = func.sum(Guess.points)
    hits = func.sum(case((Guess.points > 0, 1), else_=0))
    return (
        select(Author.id, Author.hash, Author.sealed_id, points, hits, func.count())
        .join(Guess, Guess.author_id == Author.id)
        .join(Label, Label.post_id == Guess.post_id)
        .join(Post, Post.id == Label.post_id)
        .where(*_LIVE, Guess.points.is_not(None), Author.opted_out_at.is_(None))
        .group_by(Author.id, Author.hash, Author.sealed_id)
        .having(points > 0)
        .order_by(desc(points), Author.id)
        .limit(_PEOPLE)
    )


def _ranked(order: ColumnElement[Any], *which: ColumnElement[bool]) -> Select[Any]:
    hidden = select(Author.id).where(Author.opted_out_at.is_not(None))
    # Columns, not objects: there may be a thousand digests at once.
    return (
        select(
            Post.source_id,
            Community.source_id.label("community"),
            Post.options,
            Post.title,
            Post.link,
            Label.score,
            Label.bucket,
            _given().label("chance"),
            ((Label.percentile_low + Label.percentile_high) / 2).label("percentile"),
            Image.sha256,
            Image.dropped_at,
        )
        .select_from(Post)
        .join(Label, Label.post_id == Post.id)
        .join(Community, Community.id == Post.community_id)
        .join(Prediction, Prediction.post_id == Post.id)
        .join(Image, Image.id == Prediction.image_id)
        .where(
            *_LIVE,
            *which,
            Prediction.points.is_not(None),
            Post.hidden_at.is_(None),
            Post.author_id.is_(None) | Post.author_id.not_in(hidden),
        )
        .order_by(order, Post.id)
        .limit(_POSTS)
    )


#: Posts of some communities and a span. Made once: for a thousand digests, putting the queries
#: together costs more than running them.
_LIVE = (
    Label.community_id.in_(bindparam("communities", expanding=True)),
    Label.matured_at >= bindparam("begin"),
    Label.matured_at < bindparam("end"),
    Post.origin == PostOrigin.LIVE,
)
_LABELS = select(func.count()).select_from(Label).join(Post, Post.id == Label.post_id).where(*_LIVE)
_RECORD = (
    select(
        func.count(),
        func.coalesce(func.sum(case((Prediction.points > 0, 1), else_=0)), 0),
        func.avg(Prediction.base_rate),
        func.coalesce(func.sum(Prediction.points), 0.0),
    )
    .join(Label, Label.post_id == Prediction.post_id)
    .join(Post, Post.id == Label.post_id)
    .where(*_LIVE, Prediction.points.is_not(None))
)
_BEST = _best()
_TOP = _ranked(Label.score.desc())
_SURPRISING = _ranked(_given().asc(), _given() <= _SURPRISE)


def _posts(session: Session, query: Select[Any], span: dict[str, Any]) -> list[DigestPost]:
    return [
        DigestPost(
            source_id=row.source_id,
            community_source_id=row.community,
            options=dict(row.options or {}),
            title=row.title,
            link=row.link,
            spoiler=bool((row.options or {}).get(SPOILER)),
            score=row.score,
            bucket=row.bucket,
            chance=row.chance,
            percentile=row.percentile,
            sha256=None if row.dropped_at is not None else row.sha256,
        )
        for row in session.execute(query, span)
    ]
