"""What a community's options were at an earlier moment.

A post is ruled by the options under which it was posted, also where it is read later: after an
outage, or from the history of a channel.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

#: Key of `Community.options`: what changed, oldest first, as ``{"until": time, "were": options}``;
#: an option that was unset is null.
HISTORY: Final = "history"
#: Posts that are older than this are not read any more.
_KEPT = timedelta(days=31)
#: Most changes that are kept.
_MOST = 50


def with_history(
    options: Mapping[str, Any], change: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """The history of a community's options after a change, as a change of its own.

    Args:
        options: as they are.
        change: what becomes of some of them.
        now: aware.
    """
    were = {key: options.get(key) for key, new in change.items() if options.get(key) != new}
    if not were:
        return {}
    kept = [
        each
        for each in options.get(HISTORY, [])
        if datetime.fromisoformat(each["until"]) > now - _KEPT
    ]
    return {HISTORY: [*kept, {"until": now.isoformat(), "were": were}][-_MOST:]}


def options_at(
    options: Mapping[str, Any], keys: Collection[str], moment: datetime
) -> dict[str, Any]:
    """Some of a community's options as they were at a moment; those that were unset are left out.

    Args:
        options: as they are now.
        keys: which.
        moment: aware.
    """
    found = {key: options.get(key) for key in keys}
    for each in reversed(options.get(HISTORY, [])):
        if datetime.fromisoformat(each["until"]) <= moment:
            break
        found |= {key: old for key, old in each["were"].items() if key in found}
    return {key: value for key, value in found.items() if value is not None}
