"""What a session does on Discord every few seconds."""

from collections.abc import Awaitable, Callable

from bot.core import Core
from bot.discord.gateway.error_codes import AWAY
from bot.leases import LeaseLost
from bot.platform import PlatformUnavailable
from bot.runtime.periodic import Periodic
from storage.engine.faults import may_pass


def rounds(
    core: Core, name: str, what: str, seconds: float, work: Callable[[], Awaitable[object]]
) -> Periodic:
    """Work to be done every few seconds while a session lasts; not begun yet.

    Where another process has the right to Discord, the session ends by itself: a round that was
    refused its writing ends nothing.

    Args:
        core: of this process.
        name: of the service to which a failing round is reported: "digests".
        what: a name for the log and for admins.
        seconds: from one round to the next.
        work: one round.
    """
    return Periodic(
        what,
        seconds,
        work,
        report=core.services.report(f"discord {name}", what),
        away=_passes,
    )


def _passes(error: Exception) -> bool:
    """Whether a round failed because of others: Discord, the database, another process."""
    return isinstance(error, (*AWAY, LeaseLost, PlatformUnavailable)) or may_pass(error)
