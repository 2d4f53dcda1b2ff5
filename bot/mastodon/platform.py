"""Mastodon behind the protocol that every platform has."""

from bot.core import Core
from bot.mastodon.network import MastodonNetwork, read_rules
from bot.networks.platform import NetworkPlatform
from bot.posts.pipeline import Pipeline


class MastodonPlatform(NetworkPlatform):
    """Watches hashtags, accounts and lists of Mastodon; see `NetworkPlatform`.

    Raises:
        PlatformRefused: the credentials are not whole.
    """

    def __init__(self, core: Core, pipeline: Pipeline) -> None:
        network = MastodonNetwork(core.settings, core.settings_now, clock=core.clock)
        super().__init__(core, pipeline, network, read_rules(core.settings))
