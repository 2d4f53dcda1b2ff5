"""What works on Bluesky and what does not; nothing is written there."""

from collections.abc import Sequence

from bot.bluesky.network import BlueskyNetwork, read_rules
from bot.networks.check import Finding, check_network
from bot.runtime.clock import Clock
from bot.settings import Settings


async def check_bluesky(settings: Settings, clock: Clock) -> Sequence[Finding]:
    """The findings, in the order in which they build on each other."""
    return await check_network(
        lambda: BlueskyNetwork(settings, lambda: settings, clock=clock),
        read_rules(settings),
        example="PEORIA_BLUESKY_WATCH=#cats,@ann.bsky.social",
    )
