"""Looking at what is new in a subreddit, from where we were the last time."""

import logging
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import select

from bot.platform import IncomingPost, ScoreRead
from bot.posts.pipeline import Pipeline
from bot.reddit.client import Item, RedditClient
from bot.reddit.communities import Communities, age_order, community_ref
from bot.reddit.held_back import HeldBack
from bot.reddit.items import (
    IMAGELESS,
    Rules,
    Skip,
    name_of,
    read_imageless,
    read_item,
    time_of,
)
from bot.reddit.options import rules_for
from bot.reddit.score_reader import read_score
from bot.runtime.clock import Clock
from storage.engine.database import Database
from storage.tables import Community, Post
from storage.types import PlatformName, PostState

log = logging.getLogger(__name__)

#: Reddit's listings end here, whatever is beyond.
MAX_PAGES = 10

#: How long a post may wait until Reddit has its images ready.
IMAGE_WAIT = timedelta(minutes=10)

#: Submissions that are remembered as settled, so that they are not looked at with every poll.
MEMORY = 5_000


@dataclass(slots=True)
class PollResult:
    """What a look at a subreddit brought: posts that were new, and what was skipped and why."""

    accepted: int = 0
    skipped: Counter[Skip] = field(default_factory=Counter)
    pages: int = 0


class Watcher:
    """Hands new submissions to the pipeline.

    A submission may be listed any number of times, in any order, and late: posts are stored once,
    and everything that is not older than the cut-off is looked at, wherever it stands. The
    high-water mark only says how far back to turn the pages.
    """

    def __init__(
        self,
        client: RedditClient,
        database: Database,
        pipeline: Pipeline,
        communities: Communities,
        rules: Rules,
        *,
        clock: Clock,
    ) -> None:
        self._client = client
        self._database = database
        self._pipeline = pipeline
        self._communities = communities
        self._rules = rules
        self._clock = clock
        self._settled: OrderedDict[str, None] = OrderedDict()
        #: What was skipped since the start, once for each submission.
        self.skipped: Counter[Skip] = Counter()
        #: What a filter or a moderator holds back: it may be approved.
        self._held_back = HeldBack()
        #: Scores that the latest look at each subreddit showed on the way.
        self._listed: dict[str, Mapping[str, ScoreRead]] = {}

    def listed_score(self, source_id: str) -> ScoreRead | None:
        """The score of a post as the latest look at its subreddit showed it, if it did."""
        for scores in self._listed.values():
            if source_id in scores:
                return scores[source_id]
        return None

    async def poll(self, name: str) -> PollResult:
        """Look at the newest submissions of a subreddit.

        Raises:
            PlatformUnavailable, NotAllowed, NotThere: as `RedditClient` does. What was accepted
                until then stays, and the next poll stores the rest.
        """
        polled = PollResult()
        community = await self._communities.find_or_add(name)
        if not community.watched:
            return polled
        mark: str | None = community.high_water
        newest, after = mark, None
        listed: dict[str, ScoreRead] = {}
        while True:
            page = await self._client.new(name, after)
            polled.pages += 1
            names = [each for each in map(name_of, page.items) if each is not None]
            listed |= self._scores(page.items)
            await self._take(page.items, community, polled)
            newest = max([newest, *names], key=age_order)
            after = page.after
            if after is None or polled.pages >= MAX_PAGES or self._is_caught_up(page.items, mark):
                break
        self._listed[name] = listed
        held_back = self._held_back.due(community.id, self._clock())
        if held_back:
            items = await self._client.info(held_back)
            await self._take([*items.values()], community, polled)
        # Only now: a look that was cut short begins again where it did.
        if newest is not None and newest != mark:
            await self._communities.raise_high_water(community, newest)
        if polled.accepted or polled.skipped:
            log.info(
                "r/%s: %s new posts; skipped: %s.", name, polled.accepted,
                ", ".join(f"{count} {why}" for why, count in polled.skipped.items()) or "none",
            )  # fmt: skip
        return polled

    def _is_caught_up(self, items: Sequence[Item], mark: str | None) -> bool:
        """Whether older pages hold nothing for us: the last poll was there, or they are too old.

        The page's newest is asked, because a listing may show an old one out of turn.
        """
        names = [each for each in map(name_of, items) if each is not None]
        times = [each for each in map(time_of, items) if each is not None]
        if not names or not times:
            return True
        if mark is not None and age_order(min(names, key=age_order)) <= age_order(mark):
            # At least one that was seen before; all of them, when the page is out of order.
            return sum(age_order(each) <= age_order(mark) for each in names) * 2 > len(names)
        return self._clock() - max(times) > self._rules.max_age

    async def _take(self, items: Sequence[Item], community: Community, polled: PollResult) -> None:
        now, final = self._clock(), timedelta(seconds=community.horizon_seconds)
        # A score that is final cannot be predicted.
        rules = replace(rules_for(community, self._rules), max_age=min(self._rules.max_age, final))
        fresh = [item for item in items if name_of(item) not in self._settled]
        known = await self._known([name for name in map(name_of, fresh) if name])
        # Listings begin with the newest; who came first is served first.
        for item in reversed(fresh):
            name = name_of(item)
            if name in known:
                self._settle(name)
                continue
            taken = read_item(item, community_ref(community), rules, now)
            if isinstance(taken, Skip):
                if taken is Skip.NO_IMAGE and _images_may_come(item, now):
                    continue
                if taken is Skip.REMOVED and name is not None:
                    if self._held_back.note(community.id, name, now, until=now + rules.max_age):
                        polled.skipped[taken] += 1
                        self.skipped[taken] += 1
                    continue
                if taken in IMAGELESS:
                    await self._note_imageless(item, community, now)
                polled.skipped[taken] += 1
                self.skipped[taken] += 1
            else:
                polled.accepted += await self._accept(taken)
            self._settle(name)

    async def _note_imageless(self, item: Item, community: Community, now: datetime) -> None:
        found = read_imageless(item, community_ref(community), now)
        if found is not None:
            await self._pipeline.note_imageless(PlatformName.REDDIT, found)

    async def _accept(self, post: IncomingPost) -> int:
        return int(await self._pipeline.accept(PlatformName.REDDIT, post) is not None)

    async def _known(self, names: list[str]) -> set[str]:
        async with self._database.read() as session:
            query = select(Post.source_id).where(
                Post.platform == PlatformName.REDDIT,
                Post.source_id.in_(names),
                # One that was withdrawn and is listed may come back.
                Post.state != PostState.WITHDRAWN,
            )
            return set(await session.scalars(query))

    def _settle(self, name: str | None) -> None:
        if name is not None:
            self._held_back.forget(name)
            self._settled[name] = None
            while len(self._settled) > MEMORY:
                self._settled.popitem(last=False)

    def _scores(self, items: Sequence[Item]) -> dict[str, ScoreRead]:
        now = self._clock()
        found = {}
        for item in items:
            name, score = name_of(item), read_score(item, now)
            if name is not None and isinstance(score, ScoreRead):
                found[name] = score
        return found


def _images_may_come(item: Item, now: datetime) -> bool:
    posted_at = time_of(item)
    return posted_at is not None and now - posted_at < IMAGE_WAIT
