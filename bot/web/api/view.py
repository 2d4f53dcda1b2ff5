"""Rows as the API answers with them. What may be told of a post is asked where pages ask it."""

from collections.abc import Sequence
from typing import Literal, cast

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.league.board_rows import BoardRow
from bot.league.leaderboard import BoardName
from bot.people.nicknames import nickname
from bot.serving.forecast import Card, stored_card
from bot.web.api import schema
from bot.web.post_view import PostView
from storage.tables import Community, Label, ModelVersion, Post, Prediction
from storage.types import PlatformName


def post_of(post: Post, view: PostView) -> schema.Post:
    """A post for programs."""
    label, card, is_here = post.label, view.card, post.platform is PlatformName.WEB
    mine = cast("Literal[-1, 0, 1]", view.tally.mine)
    tally, guesses = view.tally, view.guesses
    return schema.Post(
        id=post.id,
        community_id=post.community_id,
        url=view.url,
        link=post.link,
        stage=view.stage,
        title=view.title,
        spoiler=post.is_spoiler,
        image=view.image_url,
        posted_at=post.posted_at,
        horizon_at=view.horizon_at,
        prediction=None if card is None else prediction_of(card),
        outcome=None
        if label is None
        else schema.Outcome(
            score=label.score,
            bucket=label.bucket,
            percentile_low=label.percentile_low,
            percentile_high=label.percentile_high,
            right=view.outcome.right if view.outcome else None,
        ),
        votes=schema.Votes(up=tally.ups, down=tally.downs, score=tally.score, mine=mine)
        if is_here
        else None,
        guesses=schema.Guesses(
            mine=guesses.mine,
            points=guesses.points,
            closes_at=view.guessing_closes_at,
            counts=None if view.guessing_closes_at else dict(guesses.counts),
        )
        if is_here
        else None,
    )


def prediction_of(card: Card) -> schema.Prediction:
    """A prediction for programs."""
    genre = card.attributes.genre if card.attributes is not None else None
    return schema.Prediction(
        model_version=card.model_version,
        probabilities=schema.Buckets(low=card.p_low, medium=card.p_medium, high=card.p_high),
        bucket=card.bucket,
        beats=card.beats,
        bins=list(card.bins),
        percentile=_spread(card.percentile),
        score=None if card.score is None else _spread(card.score),
        quantiles=card.quantiles,
        blank=card.blank,
        genre=None if genre is None else genre.name,
    )


def scored_prediction_of(post: Post, row: Prediction) -> schema.ScoredPrediction:
    """A stored prediction of a post that may be shown."""
    return schema.ScoredPrediction(
        **prediction_of(stored_card(row, genre=post.shown_genre)).model_dump(),
        id=row.id,
        post_id=post.id,
        community_id=post.community_id,
        made_at=row.made_at,
        log_score=row.log_score,
        rps=row.rps,
        base_log_score=row.base_log_score,
        base_rps=row.base_rps,
    )


def label_of(label: Label, post: Post) -> schema.Label:
    """A label, and what was foreseen of it."""
    # What people saw is the first one; what came after the votes foresaw nothing.
    row = next((each for each in post.prediction_rows if each.made_at < label.matured_at), None)
    return schema.Label(
        post_id=post.id,
        community_id=post.community_id,
        title=post.title,
        posted_at=post.posted_at,
        matured_at=label.matured_at,
        score=label.score,
        bucket=label.bucket,
        percentile_low=label.percentile_low,
        percentile_high=label.percentile_high,
        silent=post.silent,
        model_version=row.model_version.name if row else None,
        probabilities=schema.Buckets(low=row.p_low, medium=row.p_medium, high=row.p_high)
        if row
        else None,
        log_score=row.log_score if row else None,
        rps=row.rps if row else None,
        base_rps=row.base_rps if row else None,
    )


def board_row_of(board: BoardName, row: BoardRow) -> schema.BoardRow:
    """A row of a leaderboard; people are called as on the board's pages."""
    return schema.BoardRow(
        rank=row.rank,
        name=nickname(row.label) if board is BoardName.FORECASTERS else row.label,
        n=row.n,
        hits=row.hits,
        hit_rate=row.hit_rate,
        base_rate=row.base_rate,
        points=row.points,
        rps_skill=row.rps_skill,
        score=row.score,
        percentile=row.percentile,
        bucket=row.bucket,
        post_id=row.id if board is BoardName.POSTS else None,
    )


def version_of(row: ModelVersion) -> schema.Version:
    """A model version; of its figures those that are plain numbers."""
    figures = {
        name: float(value)
        for name, value in row.metrics.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    return schema.Version(
        name=row.name,
        champion=row.is_champion,
        created_at=row.created_at,
        promoted_at=row.promoted_at,
        trained_until=row.trained_until,
        labels=row.labels,
        backbone=row.backbone,
        figures=figures,
    )


async def communities_of(
    session: AsyncSession, communities: Sequence[Community]
) -> list[schema.Community]:
    """Communities, with the numbers of their labels."""
    rows = await session.execute(
        select(Label.community_id, func.count())
        .where(Label.community_id.in_([each.id for each in communities]))
        .group_by(Label.community_id)
    )
    labels = {row[0]: row[1] for row in rows}
    return [
        schema.Community(
            id=each.id,
            platform=each.platform,
            name=each.name,
            horizon_seconds=each.horizon_seconds,
            blind=each.blind,
            watched=each.watched,
            labels=labels.get(each.id, 0),
        )
        for each in communities
    ]


def _spread(points: tuple[float, float, float]) -> schema.Spread:
    return schema.Spread(p10=points[0], median=points[1], p90=points[2])
