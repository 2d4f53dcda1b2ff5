"""A second look as it is shown: where a score is heading, and what that beats in its community."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.serving.score_scale import read_quantiles
from models.percentiles import Quantiles, tie_interval
from storage.queries.growth_examples import newest_nowcasts
from storage.tables import Community, Nowcast


@dataclass(frozen=True, slots=True)
class SecondLook:
    """The newest second look at a post.

    Attributes:
        low: 10% point of the final score.
        median: of the final score.
        high: 90% point.
        beats: share (0 to 1) of the community's recent posts that the median beats, half of those
            with the same score counted; None while the community has few labels of its own.
    """

    low: float
    median: float
    high: float
    beats: float | None


def read_second_looks(
    session: Session, community: Community, post_ids: Sequence[int], *, now: datetime
) -> dict[int, SecondLook]:
    """The newest second look at each of a community's posts that had one."""
    nowcasts = newest_nowcasts(session, post_ids)
    if not nowcasts:
        return {}
    quantiles = read_quantiles(session, community, before=now)
    return {post_id: _through(quantiles, nowcast) for post_id, nowcast in nowcasts.items()}


def _through(quantiles: Quantiles, nowcast: Nowcast) -> SecondLook:
    beats = None
    if quantiles.source == "community":
        # As it is shown: a whole number, like the scores that it is compared with.
        beats = sum(tie_interval(round(nowcast.score_median), quantiles.scores)) / 2
    return SecondLook(nowcast.score_p10, nowcast.score_median, nowcast.score_p90, beats)
