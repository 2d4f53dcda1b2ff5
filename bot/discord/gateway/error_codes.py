"""What discord.py raises, in the words that every platform uses."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import aiohttp
import discord

from bot.discord.gateway.answer_shape import OddAnswer
from bot.platform import PlatformUnavailable

#: Discord's own codes, https://docs.discord.com/developers/topics/opcodes-and-status-codes
UNKNOWN_CHANNEL = 10003
UNKNOWN_MESSAGE = 10008
UNKNOWN_EMOJI = 10014
MISSING_ACCESS = 50001
INVALID_FORM = 50035

#: Gateway close codes after which connecting again is useless.
AUTHENTICATION_FAILED = 4004
INVALID_SHARD = 4010
SHARDING_REQUIRED = 4011

#: What reaching Discord can end in when Discord, or the way there, is down.
AWAY = (
    discord.DiscordServerError,
    discord.GatewayNotFound,
    OddAnswer,
    aiohttp.ClientError,
    OSError,
    TimeoutError,
)


@contextmanager
def reaching_discord() -> Iterator[None]:
    """Turn what may be gone on another try into `PlatformUnavailable`; let the rest pass."""
    try:
        yield
    except discord.RateLimited as error:
        wait = timedelta(seconds=error.retry_after)
        raise PlatformUnavailable("Discord asks to be left alone for a while", wait) from error
    except OddAnswer as error:
        raise PlatformUnavailable(f"Discord's answer makes no sense: {error}") from error
    except AWAY as error:
        raise PlatformUnavailable(f"Discord cannot be reached: {type(error).__name__}") from error
    except discord.HTTPException as error:
        if error.status == 429:
            raise PlatformUnavailable("Discord turns all requests away", _wait(error)) from error
        if error.status == 401:
            raise PlatformUnavailable("Discord does not accept the token any more") from error
        raise


def _wait(error: discord.HTTPException) -> timedelta | None:
    after = error.response.headers.get("Retry-After", "")
    try:
        return timedelta(seconds=min(float(after), 3600.0))
    except ValueError:
        return None
