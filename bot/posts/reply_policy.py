"""Whether a community hears of a prediction: its own wishes, read in a stated order."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.serving.forecast import Card
from storage.tables import Community
from storage.types import ReplyMode, ReplySkip

_DAY = 24 * 60


def reason_to_skip(
    community: Community, card: Card, *, now: datetime, said_lately: int
) -> ReplySkip | None:
    """Why a prediction should get no reply; None where it should get one.

    Args:
        community: its settings.
        card: the prediction.
        now: aware.
        said_lately: replies in this community during the last minute.
    """
    if community.reply_mode is ReplyMode.SILENT:
        return ReplySkip.SILENT_MODE
    if community.paused_at is not None:
        return ReplySkip.PAUSED
    if community.min_percentile is not None and card.beats < community.min_percentile:
        return ReplySkip.LOW_FORECAST
    if _is_quiet(community, now):
        return ReplySkip.QUIET_HOURS
    limit = community.replies_per_minute
    if limit is not None and said_lately >= limit:
        return ReplySkip.RATE_LIMIT
    return None


def _is_quiet(community: Community, now: datetime) -> bool:
    begin, end = community.quiet_from, community.quiet_until
    if begin is None or end is None:
        return False
    local = now.astimezone(ZoneInfo(community.time_zone))
    minute = local.hour * 60 + local.minute
    # Quiet hours may span midnight; beginning and end alike mean none at all.
    return (minute - begin) % _DAY < (end - begin) % _DAY
