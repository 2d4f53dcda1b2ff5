"""What a network lists of the past."""

from bot.networks.errors import NetworkRefusal
from bot.networks.history import Listed
from bot.networks.network import IMAGELESS, Network, Page
from bot.networks.watch import incoming_of
from bot.runtime.clock import Clock
from storage.tables import Community


class NetworkListing:
    """The listing that a network is watched by, as imports read it; see `Listing`."""

    refusals: tuple[type[Exception], ...] = (NetworkRefusal,)

    def __init__(self, network: Network, *, clock: Clock) -> None:
        self.name = network.name
        self._network = network
        self._clock = clock

    async def page(self, community: Community, after: str | None) -> Page[Listed]:
        """A page of a community, the newest first."""
        page = await self._network.newest(community.source_id, after)
        now = self._clock()
        items = [
            Listed(
                incoming_of(each, community, now),
                is_post=each.skip is None,
                is_imageless=each.skip in IMAGELESS,
                reading=each.reading,
            )
            for each in page.items
        ]
        return Page(items, page.oldest, page.after)
