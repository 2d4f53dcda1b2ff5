"""What Discord's answers mean for what was asked: one table, by its own codes and by HTTP status.

https://docs.discord.com/developers/topics/opcodes-and-status-codes
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum, auto
from types import MappingProxyType

import discord

from bot.discord.gateway.error_codes import reaching_discord
from bot.platform import PlatformUnavailable, RequestFailed, RequestRefused


class Verdict(Enum):
    """What to do about an answer."""

    #: Asked again, Discord would say the same.
    FINAL = auto()
    #: What stands in the way may pass: asked again after growing pauses.
    LATER = auto()
    #: Something about the request is wrong, or nobody has heard of the answer: a few tries.
    OURS = auto()


_CODES: Mapping[int, Verdict] = MappingProxyType(
    {
        # What it is about is not there any more.
        10003: Verdict.FINAL,  # Unknown channel
        10004: Verdict.FINAL,  # Unknown guild
        10008: Verdict.FINAL,  # Unknown message
        10014: Verdict.FINAL,  # Unknown emoji
        10015: Verdict.FINAL,  # Unknown webhook
        10062: Verdict.FINAL,  # Unknown interaction
        # Limits that pass.
        20016: Verdict.LATER,  # Slow mode
        20022: Verdict.LATER,  # Announcements are edited too often
        20028: Verdict.LATER,  # The channel's write rate limit
        20029: Verdict.LATER,  # The server's write rate limit
        30046: Verdict.LATER,  # Too many edits of messages older than an hour
        30040: Verdict.LATER,  # Too many prune requests
        30042: Verdict.LATER,  # Too many changes of a widget
        40003: Verdict.LATER,  # Direct messages are opened too fast
        40004: Verdict.LATER,  # Sending messages is switched off for a while
        40006: Verdict.LATER,  # The feature is switched off for a while
        40062: Verdict.LATER,  # The resource is being rate limited
        40333: Verdict.LATER,  # The proxy before Discord blocks it
        110000: Verdict.LATER,  # An index is not there yet
        110001: Verdict.LATER,  # The application is not there yet
        130000: Verdict.LATER,  # The API is overloaded
        # The token is renewed, or put right by its owner.
        40001: Verdict.LATER,  # Not authorized
        50014: Verdict.LATER,  # An invalid token
        # Limits that stay.
        30010: Verdict.FINAL,  # Most reactions of a message
        90001: Verdict.FINAL,  # The author blocked the bot's reactions
        # Rights: they may come back.
        50001: Verdict.LATER,  # Missing access
        50013: Verdict.LATER,  # Missing permissions
        50009: Verdict.LATER,  # The channel's verification level is too high
        400001: Verdict.LATER,  # The server may not have files uploaded
        160002: Verdict.LATER,  # May not reply without reading the history
        # A thread that is archived or locked may be opened again.
        50083: Verdict.LATER,  # The thread is archived
        160005: Verdict.LATER,  # The thread is locked
        # What is asked cannot be done to what it is asked of.
        40060: Verdict.FINAL,  # Acknowledged already
        50005: Verdict.FINAL,  # Somebody else's message
        50007: Verdict.FINAL,  # Takes no direct messages
        50008: Verdict.FINAL,  # No text channel
        50021: Verdict.FINAL,  # A system message
        50024: Verdict.FINAL,  # Not on this kind of channel
        50068: Verdict.FINAL,  # Not this kind of message
        200000: Verdict.FINAL,  # AutoMod blocked it
        200001: Verdict.FINAL,  # AutoMod blocked its title
        240000: Verdict.FINAL,  # Blocked as a harmful link
        # The request is wrong.
        40005: Verdict.OURS,  # Too large
        50006: Verdict.OURS,  # An empty message
        50035: Verdict.OURS,  # An invalid form
        50109: Verdict.OURS,  # Invalid JSON
    }
)  # fmt: skip

_STATUSES: Mapping[int, Verdict] = MappingProxyType(
    {
        401: Verdict.LATER,
        403: Verdict.LATER,
        # Without a code of Discord's it may be a server between: a few tries.
        404: Verdict.OURS,
        408: Verdict.LATER,
        409: Verdict.LATER,
        410: Verdict.OURS,
        423: Verdict.LATER,
        425: Verdict.LATER,
        429: Verdict.LATER,
    }
)


def judge(status: int, code: int) -> Verdict:
    """What to do about an answer.

    Args:
        status: of HTTP.
        code: Discord's own; 0: it gave none. Known codes come before the status.
    """
    verdict = _CODES.get(code)
    if verdict is not None and status < 500:
        return verdict
    if status >= 500:
        return Verdict.LATER
    if status == 404 and code:
        # Discord itself says that something is not there.
        return Verdict.FINAL
    return _STATUSES.get(status, Verdict.OURS)


@contextmanager
def judging_answers() -> Iterator[None]:
    """Turn what discord.py raises into what every platform says, by the table.

    Raises:
        PlatformUnavailable: what stands in the way may pass.
        RequestRefused: asked again, Discord would say the same.
        RequestFailed: a fault of ours, or an answer that nobody has heard of.
    """
    try:
        with reaching_discord():
            yield
    except discord.HTTPException as error:
        said = f"Discord answered {error.status} ({error.code}: {error.text or 'no words'})"
        match judge(error.status, error.code):
            case Verdict.LATER:
                raise PlatformUnavailable(said) from error
            case Verdict.FINAL:
                raise RequestRefused(said) from error
            case Verdict.OURS:
                raise RequestFailed(said) from error
