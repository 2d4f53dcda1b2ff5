"""main.py bluesky: whether it works."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.cli.networks import network_app
from bot.runtime.clock import now
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.networks.check import Finding


async def _ask(settings: Settings) -> "Sequence[Finding]":
    # Here, so that commands that need no Bluesky do not import it.
    from bot.bluesky.check import check_bluesky

    return await check_bluesky(settings, now)


app = network_app("Bluesky", _ask)
