"""main.py mastodon: whether it works."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.cli.networks import network_app
from bot.runtime.clock import now
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.networks.check import Finding


async def _ask(settings: Settings) -> "Sequence[Finding]":
    # Here, so that commands that need no Mastodon do not import it.
    from bot.mastodon.check import check_mastodon

    return await check_mastodon(settings, now)


app = network_app("Mastodon", _ask)
