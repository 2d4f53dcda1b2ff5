"""Whether a community hears of a prediction: its own wishes, read in a stated order."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.serving.forecast import Card
from bot.serving.number_format import percent
from storage.tables import Community
from storage.types import ReplyMode

_DAY = 24 * 60


def reason_to_be_silent(
    community: Community, card: Card, *, now: datetime, said_lately: int
) -> str | None:
    """Why nothing should be said of a prediction, a sentence; None when it may be said.

    Args:
        community: its settings.
        card: the prediction.
        now: aware.
        said_lately: replies in this community during the last minute.
    """
    if community.reply_mode is ReplyMode.SILENT:
        return "The community records predictions without a word."
    if community.paused_at is not None:
        return "Automatic replies are paused here."
    if community.min_percentile is not None and card.beats < community.min_percentile:
        return f"Only posts that should beat {percent(community.min_percentile)} are answered here."
    if _is_quiet(community, now):
        return "It was posted in the quiet hours."
    limit = community.replies_per_minute
    if limit is not None and said_lately >= limit:
        return f"{limit} replies a minute were made already."
    return None


def _is_quiet(community: Community, now: datetime) -> bool:
    begin, end = community.quiet_from, community.quiet_until
    if begin is None or end is None:
        return False
    local = now.astimezone(ZoneInfo(community.time_zone))
    minute = local.hour * 60 + local.minute
    # Quiet hours may span midnight; beginning and end alike mean none at all.
    return (minute - begin) % _DAY < (end - begin) % _DAY
