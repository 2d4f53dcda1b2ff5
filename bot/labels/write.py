"""Labels, and everything that is scored by them, in one transaction."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.labels.ranking import Rank, Seen, rank_next
from bot.league.scoring import base_rate, points, score_prediction
from bot.league.seasons import season_of
from bot.serving.experts import learn_from
from bot.serving.forecast import stored_card
from bot.serving.score_scale import bucket_rule
from bot.webhooks.events import (
    Event,
    about_label,
    about_post,
    about_prediction,
    write_events,
)
from models.percentiles import WINDOW
from storage.engine.postgresql import wait_for
from storage.engine.scopes import LABELS
from storage.queries.labels import Windows, last_written, mend_written
from storage.queries.scored_labels import Result, ScoredLabel, was_spoken
from storage.queries.standings import add_labels
from storage.tables import Community, Guess, Label, Post, Prediction
from storage.types import ForecasterKind, PostOrigin

#: Labels are written one after another: streaks go by the order.
_ONE_AFTER = timedelta(microseconds=1)
#: Labels that were written so far ahead of now were written by a clock that was wrong.
_CLOCK_WAS_WRONG = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NewLabel:
    """A score that is to become a label.

    Attributes:
        post: with its community, reply, predictions and their model versions loaded.
        score: of the measure that its community is judged by, at the horizon.
        matured_at: when the score became final, aware.
        rank: where the score stands.
    """

    post: Post
    score: float
    matured_at: datetime
    rank: Rank


def windows_of(session: Session, community: Community, matured: Collection[datetime]) -> Windows:
    """The windows that new labels are ranked in: by the community's measure, the newest before."""
    return Windows(session, community, matured, limit=WINDOW - 1)


def seen_before(windows: Windows, matured_by: datetime) -> list[Seen]:
    """The newest labels that matured by a moment, the newest first."""
    return [Seen(row.score, row.bucket) for row in windows.before(matured_by)]


def write_labels(
    session: Session, new: Sequence[NewLabel], *, now: datetime, season_time_zone: str
) -> list[Label]:
    """Write labels of one community, score predictions and guesses, and add to the boards.

    Whatever stands in the labels' transaction happens once, because the posts' states move in it.
    What is written for one label is written for all in one statement.

    Args:
        session: the write session in which the posts were moved on.
        new: in the order in which they are written; not empty.
        now: aware.
        season_time_zone: the one that seasons are counted by.
    """
    guesses = _guesses_on(session, [each.post.id for each in new])
    scored = [_score(each, guesses.get(each.post.id, ()), now) for each in new]
    shown = [(each.shown, each.label) for each in scored if each.shown is not None]
    learn_from(session, new[0].post.community_id, shown)
    session.flush()
    # From here to the end of the transaction labels are written one after another, wherever: what
    # they are counted into is the same for all communities.
    wait_for(session, LABELS)
    written_at = _next_written(session, now)
    for each in scored:
        each.label.written_at = written_at
        written_at += _ONE_AFTER
    labels = [each.label for each in scored]
    session.add_all(labels)
    session.flush()
    add_labels(session, [each.counted(season_time_zone) for each in scored])
    told = (
        _outcome(each.post, each.label)
        for each in scored
        if each.post.origin is PostOrigin.LIVE and each.post.hidden_at is None
    )
    write_events(session, Event.OUTCOME, told, now=now)
    return labels


def write_label(
    session: Session, post: Post, score: float, *, now: datetime, season_time_zone: str
) -> Label:
    """`write_labels` for one, at its community's horizon, ranked among those before it."""
    matured_at = post.posted_at + timedelta(seconds=post.community.horizon_seconds)
    before_it = seen_before(windows_of(session, post.community, [matured_at]), matured_at)
    rank = rank_next(score, before_it, bucket_rule(post.community))
    new = NewLabel(post, score, matured_at, rank)
    return write_labels(session, [new], now=now, season_time_zone=season_time_zone)[0]


@dataclass(frozen=True, slots=True)
class _Scored:
    """A label, and what was scored by it.

    Attributes:
        shown: the prediction that people saw; None: there was none in time.
        results: of models in the order in which they predicted, and of people.
    """

    post: Post
    label: Label
    shown: Prediction | None
    results: list[Result]

    def counted(self, season_time_zone: str) -> tuple[ScoredLabel, str]:
        """What is added to the sums, and the season."""
        label, post = self.label, self.post
        return (
            ScoredLabel(
                community_id=label.community_id,
                score=label.score,
                matured_at=label.matured_at,
                written_at=label.written_at,
                live=post.origin is PostOrigin.LIVE,
                spoken=was_spoken(post.silent, post.reply),
                results=self.results,
            ),
            season_of(label.matured_at, season_time_zone),
        )


def _guesses_on(session: Session, post_ids: Sequence[int]) -> dict[int, list[Guess]]:
    query = (
        select(Guess).where(Guess.post_id.in_(post_ids), Guess.held.is_(None)).order_by(Guess.id)
    )
    found: dict[int, list[Guess]] = {}
    for guess in session.scalars(query):
        found.setdefault(guess.post_id, []).append(guess)
    return found


def _score(new: NewLabel, guesses: Iterable[Guess], now: datetime) -> _Scored:
    """A label that is not stored yet, with the forecasts that it scores."""
    post, rank, matured_at = new.post, new.rank, new.matured_at
    label = Label(
        post_id=post.id,
        community_id=post.community_id,
        score=new.score,
        measure=post.community.measure,
        percentile_low=rank.low,
        percentile_high=rank.high,
        others=rank.others,
        bucket=rank.bucket,
        matured_at=matured_at,
    )
    # Made when the votes were in already, a prediction foretold nothing.
    foretold = [each for each in post.prediction_rows if each.made_at < matured_at]
    results = [_score_prediction(each, label, rank.rates, now) for each in foretold]
    # What people saw is the first one.
    shown = foretold[0] if foretold and foretold[0] is post.prediction_rows[0] else None
    if shown is not None:
        label.rps, label.log_score = shown.rps, shown.log_score
    results += [
        _score_guess(each, label, rank.rates) for each in guesses if each.guessed_at < matured_at
    ]
    return _Scored(post, label, shown, results)


def _next_written(session: Session, now: datetime) -> datetime:
    """When a label is written: after all others."""
    before = last_written(session)
    if before is not None and before > now + _CLOCK_WAS_WRONG:
        mend_written(session, now)
        before = last_written(session)
    return now if before is None else max(now, before + _ONE_AFTER)


def _outcome(post: Post, label: Label) -> dict[str, Any]:
    """What webhooks are told of an outcome, and of what was foreseen."""
    made = next((each for each in post.prediction_rows if each.made_at < label.matured_at), None)
    foreseen = None
    if made is not None:
        card = stored_card(made)
        chances = card.p_low, card.p_medium, card.p_high
        foreseen = about_prediction(card.model_version, chances, card.beats)
    return about_post(post, post.community) | about_label(label) | {"prediction": foreseen}


def _score_prediction(
    prediction: Prediction, label: Label, rates: tuple[float, float, float], now: datetime
) -> Result:
    scores = score_prediction(
        np.asarray(prediction.bins),
        (prediction.p_low, prediction.p_medium, prediction.p_high),
        (label.percentile_low, label.percentile_high),
        label.bucket,
    )
    guess = stored_card(prediction).bucket
    prediction.scored_at = now
    prediction.log_score = scores.log
    prediction.rps = scores.rps
    prediction.brier = scores.brier
    prediction.base_log_score = scores.base_log
    prediction.base_rps = scores.base_rps
    prediction.base_rate = base_rate(guess, rates)
    prediction.points = points(guess, label.bucket, rates)
    return Result(
        kind=ForecasterKind.MODEL,
        forecaster_id=prediction.model_version_id,
        points=prediction.points,
        base_rate=prediction.base_rate,
        log=scores.log,
        rps=scores.rps,
        brier=scores.brier,
        base_log=scores.base_log,
        base_rps=scores.base_rps,
    )


def _score_guess(guess: Guess, label: Label, rates: tuple[float, float, float]) -> Result:
    guess.base_rate = base_rate(guess.bucket, rates)
    guess.points = points(guess.bucket, label.bucket, rates)
    return Result(
        kind=ForecasterKind.PERSON,
        forecaster_id=guess.author_id,
        points=guess.points,
        base_rate=guess.base_rate,
        blind=guess.blind,
    )
