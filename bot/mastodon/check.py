"""What works on Mastodon and what does not; nothing is written there."""

from collections.abc import Sequence

from bot.mastodon.network import MastodonNetwork, read_rules
from bot.networks.check import Finding, check_network
from bot.runtime.clock import Clock
from bot.settings import Settings


async def check_mastodon(settings: Settings, clock: Clock) -> Sequence[Finding]:
    """The findings, in the order in which they build on each other."""
    return await check_network(
        lambda: MastodonNetwork(settings, lambda: settings, clock=clock),
        read_rules(settings),
        example="PEORIA_MASTODON_WATCH=#catsofmastodon,@ann@mastodon.art",
    )
