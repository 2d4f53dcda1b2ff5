"""Scores as numbers: an interval in which a post's score will end, and how good it was.

An interval stands for equal chances of every score in it. It is scored by the continuous ranked
probability score (Gneiting and Raftery 2007, https://doi.org/10.1198/016214506000001437), in votes,
0 at best: of a single number that is how far it was off. Beside it stands what the scores of the
community before the post would have scored. Who is compared over several posts is compared by the
sums of both, so that nobody gains by naming another interval than the one they believe in.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.league.guesses import (
    BOTS_DO_NOT_PLAY,
    CLOSED,
    NO_SUCH_POST,
    USED_UP,
    GuessRefused,
    find_player,
    takes_guesses,
)
from storage.engine.database import Database
from storage.engine.scopes import LOCKED, person_scope
from storage.queries.labels import window_before
from storage.tables import Author, Label, Post, Prediction, ScoreGuess
from storage.types import PlatformName

#: Scores before a post with which an interval is compared, and the fewest that will do.
_WINDOW, _LEAST = 200, 10
#: Guesses that are scored in one transaction.
_BATCH = 200
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ScorePlayer:
    """Somebody's intervals.

    Attributes:
        person: their keyed hash; None: it is the bot.
        sealed: their sealed id; None: it is not kept.
        skill: 1 is perfect, 0 no better than the scores that are usual in the community.
        crps: the mean of their scores, in votes.
        n: posts.
    """

    author_id: int | None
    person: str | None
    sealed: str | None
    skill: float
    crps: float
    n: int


def interval_crps(low: float, high: float, score: float) -> float:
    """The CRPS of equal chances between two scores, in votes; lower is better.

    Args:
        low: not above ``high``.
        score: what happened.
    """
    width = high - low
    inside = min(max(score, low), high)
    share = (inside - low) / width if width > 0 else 0.0
    return abs(score - inside) + width * (share * share - share + 1 / 3)


def sample_crps(scores: Sequence[float], score: float) -> float:
    """The CRPS of a sample of scores, each as likely, in votes.

    Raises:
        ValueError: there are none.
    """
    if not scores:
        raise ValueError("no scores")
    values = np.sort(np.asarray(scores, np.float64))
    n = len(values)
    # The mean distance of two of them, each pair counted twice.
    spread = 2 * float(np.sum((2 * np.arange(1, n + 1) - n - 1) * values)) / n**2
    return float(np.mean(np.abs(values - score))) - spread / 2


#: Intervals that can be scored.
_DUE = (
    select(ScoreGuess, Label)
    .join(Label, Label.post_id == ScoreGuess.post_id)
    .where(ScoreGuess.crps.is_(None), Label.others >= _LEAST)
    .limit(_BATCH)
)


def can_be_scored(session: Session) -> bool:
    """Whether there is anything for `score_due`."""
    return session.execute(_DUE.limit(1)).first() is not None


async def place_score_guess(
    database: Database,
    post_id: int,
    *,
    platform: PlatformName,
    person: str,
    low: float,
    high: float,
    now: datetime,
    is_bot: bool = False,
    most_a_day: int | None = None,
) -> None:
    """Store a person's interval for the score of a post, or change the one they named.

    Args:
        person: the keyed hash of their id.
        low: in votes, not above ``high``.
        most_a_day: posts of the community that one person names intervals for within 24 hours;
            None: all.

    Raises:
        GuessRefused: guessing is closed, the post is their own, they opted out, or they guessed on
            too many.
    """
    if is_bot:
        raise GuessRefused(BOTS_DO_NOT_PLAY)

    def place(session: Session) -> None:
        post = session.get(Post, post_id, with_for_update=LOCKED)
        if post is None or post.platform is not platform:
            raise GuessRefused(NO_SUCH_POST)
        if not takes_guesses(session, post, now):
            raise GuessRefused(CLOSED)
        author = find_player(session, platform, person, [post])
        guess = session.get(ScoreGuess, (post_id, author.id))
        if guess is not None:
            guess.low, guess.high, guess.guessed_at = low, high, now
            return
        if most_a_day and _guessed(session, post, author.id, now - _DAY) >= most_a_day:
            raise GuessRefused(USED_UP)
        session.add(
            ScoreGuess(post_id=post_id, author_id=author.id, low=low, high=high, guessed_at=now)
        )

    await database.run_write(place, alone_in=[person_scope(platform, person)])


def score_due(session: Session) -> int:
    """Score intervals whose post has its label; return how many were.

    Needs a write session. Each score follows from what is stored: done twice, it is the same. Where
    the community has too few scores before the post, nothing is told of the interval.
    """
    rows = session.execute(_DUE.order_by(ScoreGuess.post_id, ScoreGuess.author_id)).all()
    before: dict[int, list[float]] = {}
    for guess, label in rows:
        if guess.post_id not in before:
            window = window_before(
                session,
                label.community_id,
                measure=label.measure,
                matured_by=label.matured_at,
                limit=_WINDOW + 1,
            )
            before[guess.post_id] = _without(window, label.score)
        guess.crps = interval_crps(guess.low, guess.high, label.score)
        guess.base_crps = sample_crps(before[guess.post_id] or [label.score], label.score)
    return len(rows)


def _without(window: Sequence[tuple[float, object]], score: float) -> list[float]:
    """The scores of a window without one that is the post's own."""
    scores = [float(row[0]) for row in window]
    if score in scores:
        scores.remove(score)
    return scores[:_WINDOW]


def _guessed(session: Session, post: Post, author_id: int, since: datetime) -> int:
    query = (
        select(func.count())
        .select_from(ScoreGuess)
        .join(Post, Post.id == ScoreGuess.post_id)
        .where(
            ScoreGuess.author_id == author_id,
            ScoreGuess.guessed_at > since,
            Post.community_id == post.community_id,
        )
    )
    return session.scalar(query) or 0


def score_players(
    session: Session,
    community_ids: Collection[int],
    *,
    author_id: int | None = None,
    least: int = 1,
    limit: int,
) -> list[ScorePlayer]:
    """Whose intervals were how good, the best first; people who opted out are left out.

    Args:
        community_ids: on posts of which communities.
        author_id: only of one person; None: of all.
        least: scored intervals that it takes to be named.
    """
    total = func.coalesce(func.sum(ScoreGuess.crps), 0.0)
    base = func.coalesce(func.sum(ScoreGuess.base_crps), 0.0)
    query = (
        select(Author.id, Author.hash, Author.sealed_id, total, base, func.count())
        .join(ScoreGuess, ScoreGuess.author_id == Author.id)
        .join(Post, Post.id == ScoreGuess.post_id)
        .where(
            ScoreGuess.crps.is_not(None),
            Post.community_id.in_(community_ids),
            Author.opted_out_at.is_(None),
        )
        .group_by(Author.id, Author.hash, Author.sealed_id)
        .having(func.count() >= least, base > 0)
        .order_by((total / base).asc(), Author.id)
        .limit(limit)
    )
    if author_id is not None:
        query = query.where(Author.id == author_id)
    return [
        ScorePlayer(
            id_, person, sealed, 1 - float(crps or 0) / float(usual or 1), float(crps or 0) / n, n
        )
        for id_, person, sealed, crps, usual, n in session.execute(query)
    ]


def bots_intervals(session: Session, community_ids: Collection[int]) -> ScorePlayer | None:
    """How good the bot's own intervals were on the newest posts on which people named theirs.

    Each is the interval that its reply showed. None: it showed none.
    """
    of_people = (
        select(ScoreGuess.post_id, func.max(ScoreGuess.base_crps).label("base"))
        .where(ScoreGuess.base_crps.is_not(None))
        .group_by(ScoreGuess.post_id)
        .subquery()
    )
    first = select(func.min(Prediction.id)).group_by(Prediction.post_id)
    rows = session.execute(
        select(Prediction.score_p10, Prediction.score_p90, Label.score, of_people.c.base)
        .join(Label, Label.post_id == Prediction.post_id)
        .join(of_people, of_people.c.post_id == Prediction.post_id)
        .where(
            Label.community_id.in_(community_ids),
            Prediction.score_p10.is_not(None),
            Prediction.score_p90.is_not(None),
            Prediction.post_id.in_(select(of_people.c.post_id)),
            Prediction.id.in_(first.where(Prediction.post_id.in_(select(of_people.c.post_id)))),
        )
        .order_by(Label.written_at.desc())
        .limit(_BATCH)
    ).all()
    base = sum(row.base for row in rows)
    if not rows or base <= 0:
        return None
    total = sum(interval_crps(row.score_p10, row.score_p90, row.score) for row in rows)
    return ScorePlayer(None, None, None, 1 - total / base, total / len(rows), len(rows))
