"""What a leaderboard shows: a page of rows, whatever they are of."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.league.intervals import Interval
from models.metrics import skill
from storage.types import Bucket


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One row. What a board does not know is None; rates are 0 to 1, intervals 95%.

    Attributes:
        rank: from 1; None for a forecaster with fewer than the minimum of guesses.
        id: of the author, model version, community or post.
        label: the author's keyed hash, the version's or community's name, the post's title.
        n: guesses that were scored (channels: posts whose prediction was scored).
        hits: how many of them were right.
        hit_rate: hits / n.
        base_rate: the hit rate that chance would have brought.
        interval: of the hit rate (Wilson).
        points: league points.
        points_interval: of the points; None for fewer than two guesses.
        streak: right guesses in a row, by now.
        best_streak: the longest run of right guesses.
        blind_n: how many guesses were made without having seen the prediction, on posts that the
            bot was scored on.
        blind_hit_rate: the hit rate of those.
        blind_base_rate: what chance would have brought in those.
        blind_points: the points of those.
        bot_hit_rate: the bot's hit rate on the very posts of the blind guesses.
        bot_points: the bot's points on them.
        rps_skill: share of the base rate's ranked probability score that was saved; 1 perfect,
            0 no better, negative worse.
        log_score: mean log loss, nats.
        brier: mean Brier score.
        people_n: people's guesses in a channel.
        people_hit_rate: how many of those were right.
        people_base_rate: what chance would have brought.
        score: of a post at its horizon.
        percentile: of a post among the recent ones, 0 to 1 (middle of its tie).
        bucket: of a post.
        spoiler: of a post, whether its author hid it until it is clicked on.
        link: to a post, where its platform has addresses.
        community_id: of a post.
        community: of a post, its name.
        matured_at: when a post's score became final.
    """

    rank: int | None
    id: int
    label: str
    n: int = 0
    hits: int = 0
    hit_rate: float | None = None
    base_rate: float | None = None
    interval: Interval | None = None
    points: float | None = None
    points_interval: Interval | None = None
    streak: int | None = None
    best_streak: int | None = None
    blind_n: int = 0
    blind_hit_rate: float | None = None
    blind_base_rate: float | None = None
    blind_points: float | None = None
    bot_hit_rate: float | None = None
    bot_points: float | None = None
    rps_skill: float | None = None
    log_score: float | None = None
    brier: float | None = None
    people_n: int = 0
    people_hit_rate: float | None = None
    people_base_rate: float | None = None
    score: float | None = None
    percentile: float | None = None
    bucket: Bucket | None = None
    spoiler: bool = False
    link: str | None = None
    community_id: int | None = None
    community: str | None = None
    matured_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BoardPage:
    """Some rows of a board, how many it has in all, and the reader's own row."""

    rows: Sequence[BoardRow]
    total: int
    #: The reader's own row, on this page or not; None where they have none.
    mine: BoardRow | None


def ranked_by_skill(rows: Sequence[BoardRow]) -> list[BoardRow]:
    """Rows by RPS skill, then more posts, then the older one; with their ranks."""

    def order(row: BoardRow) -> tuple[float, int, int]:
        told = -math.inf if row.rps_skill is None else row.rps_skill
        return -told, -row.n, row.id

    return [
        dataclasses.replace(row, rank=rank)
        for rank, row in enumerate(sorted(rows, key=order), start=1)
    ]


def rps_skill(n: int, rps_sum: float, base_rps_sum: float) -> float | None:
    """The share of the base rate's score that was saved; None where there is nothing to tell yet.

    Args:
        n: scored posts, at least 1.
        rps_sum: what the predictions scored, in sum.
        base_rps_sum: what the base rate scored.
    """
    return skill(rps_sum / n, base_rps_sum / n, n=n)
