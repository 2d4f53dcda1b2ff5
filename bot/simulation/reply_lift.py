"""What a reply does to the votes: as the silent share says, beside the truth."""

import math
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.league.intervals import Moments
from bot.reports.reply_effect import reply_effect
from bot.simulation.community import World
from bot.simulation.platform import SimulatedPlatform
from storage.tables import Label, Post, Reply


@dataclass(frozen=True, slots=True)
class ReplyLift:
    """What a reply multiplies the votes by.

    Attributes:
        estimate: as the silent share says.
        interval: 95%, of the estimate.
        true: as the community was made.
        spoken: posts with a reply.
        silent: posts of the silent share.
    """

    estimate: float
    interval: tuple[float, float]
    true: float
    spoken: int
    silent: int


async def read_lift(
    session: AsyncSession, world: World, platform: SimulatedPlatform
) -> ReplyLift | None:
    """What replies did to the votes, from the silent share; None until that can be told."""
    query = (
        select(Post.source_id, Post.silent, Label.score, Reply.sent_at)
        .join(Label, Label.post_id == Post.id)
        .join(Reply, Reply.post_id == Post.id)
        .order_by(Post.posted_at, Post.id)
    )
    replied: list[float] = []
    silent: list[float] = []
    lifts: list[float] = []
    # While replies are paused altogether, a post without one says nothing about the silent share.
    replying = True
    for source_id, is_silent, score, sent_at in await session.execute(query):
        votes = math.log1p(max(score, 0.0))
        if not is_silent:
            replying = sent_at is not None
        if is_silent and replying:
            silent.append(votes)
        elif sent_at is not None:
            replied.append(votes)
            lifts.append(math.log(platform.lift(world.by_source_id[source_id])))
    estimated = reply_effect(Moments.of(replied), Moments.of(silent))
    if estimated is None:
        return None
    return ReplyLift(
        estimate=estimated.factor,
        interval=estimated.interval,
        true=math.exp(float(np.mean(lifts))),
        spoken=len(replied),
        silent=len(silent),
    )
