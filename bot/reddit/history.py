"""What Reddit lists of a subreddit's past."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.networks.history import Listed
from bot.networks.network import Page
from bot.reddit.client import Item, RedditClient
from bot.reddit.communities import community_ref
from bot.reddit.errors import NotAllowed, NotThere
from bot.reddit.items import IMAGELESS, Rules, Skip, read_imageless, read_item
from bot.reddit.options import rules_for
from bot.reddit.score_reader import read_score
from bot.runtime.clock import Clock
from storage.tables import Community
from storage.types import PlatformName

#: Posts of any age are taken.
_EVER = timedelta(days=365 * 30)


class SubredditListing:
    """The newest of a subreddit, as imports read it; see `Listing`."""

    name = PlatformName.REDDIT
    refusals: tuple[type[Exception], ...] = (NotAllowed, NotThere)

    def __init__(self, client: RedditClient, rules: Rules, *, clock: Clock) -> None:
        self._client = client
        self._rules = replace(rules, max_age=_EVER)
        self._clock = clock

    async def page(self, community: Community, after: str | None) -> Page[Listed]:
        """A page of a subreddit, the newest first."""
        page = await self._client.new(community.source_id, after)
        now = self._clock()
        read = (self._listed(each, community, now) for each in page.items)
        items = [each for each in read if each is not None]
        times = [each.post.posted_at for each in items]
        return Page(items, min(times, default=None), page.after)

    def _listed(self, item: Item, community: Community, now: datetime) -> Listed | None:
        place = community_ref(community)
        # When a flair was given nobody can tell afterwards: it may be what became of the post.
        rules = replace(rules_for(community, self._rules), flair=False)
        taken = read_item(item, place, rules, now)
        if not isinstance(taken, Skip):
            return Listed(taken, is_post=True, is_imageless=False, reading=read_score(item, now))
        bare = read_imageless(item, place, now)
        if bare is None:
            return None
        return Listed(bare, is_post=False, is_imageless=taken in IMAGELESS, reading=None)
