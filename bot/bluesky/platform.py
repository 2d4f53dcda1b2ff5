"""Bluesky behind the protocol that every platform has."""

from bot.bluesky.network import BlueskyNetwork, read_rules
from bot.core import Core
from bot.networks.platform import NetworkPlatform
from bot.posts.pipeline import Pipeline


class BlueskyPlatform(NetworkPlatform):
    """Watches hashtags, accounts, feeds and lists of Bluesky; see `NetworkPlatform`.

    Raises:
        PlatformRefused: the credentials are not whole.
    """

    def __init__(self, core: Core, pipeline: Pipeline) -> None:
        network = BlueskyNetwork(core.settings, core.settings_now, clock=core.clock)
        super().__init__(core, pipeline, network, read_rules(core.settings))
