"""A label, and everything that is scored by it, in one transaction."""

from datetime import datetime, timedelta

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
    write_event,
)
from models.percentiles import WINDOW
from storage.engine.postgresql import wait_for
from storage.engine.scopes import LABELS
from storage.queries.labels import last_written, mend_written, window_before
from storage.queries.scored_labels import Result, ScoredLabel, was_spoken
from storage.queries.standings import add_label
from storage.tables import Community, Guess, Label, Post, Prediction
from storage.types import ForecasterKind, PostOrigin

#: Labels are written one after another: streaks go by the order.
_ONE_AFTER = timedelta(microseconds=1)
#: Labels that were written so far ahead of now were written by a clock that was wrong.
_CLOCK_WAS_WRONG = timedelta(minutes=1)


def history_before(session: Session, community: Community, matured_by: datetime) -> list[Seen]:
    """The newest labels by the community's measure that matured by a moment, the newest first."""
    rows = window_before(
        session,
        community.id,
        measure=community.measure,
        matured_by=matured_by,
        limit=WINDOW - 1,
    )
    return [Seen(row.score, row.bucket) for row in rows]


def write_label(
    session: Session,
    post: Post,
    score: float,
    *,
    now: datetime,
    season_time_zone: str,
    matured_at: datetime | None = None,
    rank: Rank | None = None,
) -> Label:
    """Write the label of a post, score its predictions and guesses, and add to the boards.

    Whatever stands in the label's transaction happens once, because the post's state moves in it.

    Args:
        session: the write session in which the post was moved on.
        post: with its community, reply, predictions and their model versions loaded.
        score: of the measure that its community is judged by, at the horizon.
        now: aware.
        season_time_zone: the one that seasons are counted by.
        matured_at: when the score became final, aware; None: at its community's horizon.
        rank: where the score stands; None: among the labels that matured before it.
    """
    if matured_at is None:
        matured_at = post.posted_at + timedelta(seconds=post.community.horizon_seconds)
    if rank is None:
        before_it = history_before(session, post.community, matured_at)
        rank = rank_next(score, before_it, bucket_rule(post.community))
    label = Label(
        post_id=post.id,
        community_id=post.community_id,
        score=score,
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
    guesses = session.scalars(
        select(Guess)
        .where(Guess.post_id == post.id, Guess.guessed_at < matured_at, Guess.held.is_(None))
        .order_by(Guess.id)
    )
    results += [_score_guess(each, label, rank.rates) for each in guesses]
    if shown is not None:
        learn_from(session, shown, label)
    session.flush()
    # From here to the end of the transaction labels are written one after another, wherever: what
    # they are counted into is the same for all communities.
    wait_for(session, LABELS)
    label.written_at = _next_written(session, now)
    session.add(label)
    session.flush()
    scored = ScoredLabel(
        community_id=label.community_id,
        score=label.score,
        matured_at=matured_at,
        written_at=label.written_at,
        live=post.origin is PostOrigin.LIVE,
        spoken=was_spoken(post.silent, post.reply),
        results=results,
    )
    add_label(session, scored, season_of(matured_at, season_time_zone))
    if post.origin is PostOrigin.LIVE and post.hidden_at is None:
        _tell(session, post, label, now)
    return label


def _next_written(session: Session, now: datetime) -> datetime:
    """When a label is written: after all others."""
    before = last_written(session)
    if before is not None and before > now + _CLOCK_WAS_WRONG:
        mend_written(session, now)
        before = last_written(session)
    return now if before is None else max(now, before + _ONE_AFTER)


def _tell(session: Session, post: Post, label: Label, now: datetime) -> None:
    """Tell webhooks of an outcome, and of what was foreseen."""
    made = next((each for each in post.prediction_rows if each.made_at < label.matured_at), None)
    foreseen = None
    if made is not None:
        card = stored_card(made)
        chances = card.p_low, card.p_medium, card.p_high
        foreseen = about_prediction(card.model_version, chances, card.beats)
    told = about_post(post, post.community) | about_label(label) | {"prediction": foreseen}
    write_event(session, Event.OUTCOME, told, now=now)


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
