"""Taking the posts of a listing."""

from datetime import timedelta
from typing import cast

from sqlalchemy import select

from bot.app import build
from bot.core import Core
from bot.networks.network import Network, NetworkRules, Page, SeenPost
from bot.networks.watch import Watch
from bot.runtime.clock import Clock
from storage.tables import Post
from storage.types import PlatformName

DAY = timedelta(days=1)
RULES = NetworkRules(
    reply="off", per_hour=1, within=DAY, max_age=DAY, horizon=DAY, every=DAY, guesses=False
)


class Listing:
    """A network with one page: its second post has words that no database holds."""

    name = PlatformName.LEMMY

    def __init__(self, clock: Clock) -> None:
        self.watched = {"memes@lemmy.test": "memes"}
        self._clock = clock

    async def newest(self, _: str, __: str | None) -> Page[SeenPost]:
        images = ("https://lemmy.test/a.png",)
        now = self._clock()
        titles = ("last", "half a letter: \ud800", "first")
        posts = [SeenPost(str(n), "ann", each, now, images) for n, each in enumerate(titles)]
        return Page(posts, now, None)


async def test_a_post_that_cannot_be_stored_keeps_no_other_from_it(core: Core) -> None:
    network = cast("Network", Listing(core.clock))
    await Watch(network, core, build(core).pipeline, RULES).poll("memes@lemmy.test")
    async with core.database.read() as session:
        titles = (await session.scalars(select(Post.title).order_by(Post.id))).all()
    assert titles == ["first", "last"]
