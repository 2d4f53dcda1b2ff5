"""main.py lemmy: whether it works."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.cli.networks import network_app
from bot.runtime.clock import now
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.networks.check import Finding


async def _ask(settings: Settings) -> "Sequence[Finding]":
    # Here, so that commands that need no Lemmy do not import it.
    from bot.lemmy.check import check_lemmy

    return await check_lemmy(settings, now)


app = network_app("Lemmy", _ask)
