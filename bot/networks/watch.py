"""Taking the new posts of communities."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.communities import add_community
from bot.core import Core
from bot.networks.guarded import one_odd
from bot.networks.network import IMAGELESS, Network, NetworkRules, SeenPost, Skip
from bot.platform import CommunityRef, IncomingPost, ScoreRead
from bot.posts.pipeline import Pipeline
from storage.queries.communities import find_community
from storage.tables import Community

#: Pages of a listing that are read back at most.
_MAX_PAGES = 5


class Watch:
    """Reads listings, back to where posts are too old."""

    def __init__(
        self, network: Network, core: Core, pipeline: Pipeline, rules: NetworkRules
    ) -> None:
        self._network = network
        self._core = core
        self._pipeline = pipeline
        self._rules = rules
        #: Scores that the latest look at each community showed on the way.
        self._listed: dict[str, Mapping[str, ScoreRead]] = {}

    async def poll(self, name: str) -> Community:
        """Take the new posts of a community that is watched; return the community.

        Raises:
            PlatformUnavailable, NetworkRefusal: as `Network` says.
        """
        community = await self.community(name, self._network.watched[name])
        if not community.watched:
            return community
        # A score that is final cannot be predicted.
        final = timedelta(seconds=community.horizon_seconds)
        max_age = min(self._rules.max_age, final)
        listed: dict[str, ScoreRead] = {}
        after = None
        for _ in range(_MAX_PAGES):
            page = await self._network.newest(name, after)
            # Listings begin with the newest; who came first is served first.
            for seen in reversed(page.items):
                async with one_odd(f"Post {seen.source_id}"):
                    await self.take(seen, community, max_age)
                if isinstance(seen.reading, ScoreRead):
                    listed[seen.source_id] = seen.reading
            after = page.after
            if after is None or page.oldest is None or self._core.clock() - page.oldest > max_age:
                break
        self._listed[name] = listed
        return community

    async def take(
        self, seen: SeenPost, community: Community, max_age: timedelta
    ) -> int | Skip | None:
        """Take a post, or say why not; None: it is not to be stored."""
        now = self._core.clock()
        if now - seen.posted_at > max_age:
            return Skip.TOO_OLD
        if seen.skip is not None and seen.skip not in IMAGELESS:
            return seen.skip
        incoming = incoming_of(seen, community, now)
        if seen.skip is not None:
            await self._pipeline.note_imageless(self._network.name, incoming)
            return seen.skip
        return await self._pipeline.accept(self._network.name, incoming)

    def listed_score(self, source_id: str) -> ScoreRead | None:
        """The score that the latest look at a community showed of a post."""
        for scores in self._listed.values():
            if source_id in scores:
                return scores[source_id]
        return None

    async def community(self, source_id: str, name: str) -> Community:
        """A community, made with the defaults if it is new."""
        database, platform = self._core.database, self._network.name
        async with database.read() as session:
            found = await session.run_sync(find_community, platform, source_id)
        if found is None:
            horizon = round(self._rules.horizon.total_seconds())
            ref = CommunityRef(source_id, name, horizon_seconds=horizon)
            await add_community(database, platform, ref, now=self._core.clock())
            async with database.read() as session:
                found = await session.run_sync(find_community, platform, source_id)
        assert found is not None  # noqa: S101 - it was inserted, now or by another
        return found


def incoming_of(seen: SeenPost, community: Community, now: datetime) -> IncomingPost:
    """A post as it is handed on; of one that cannot be predicted nothing that it says or shows."""
    shown = seen.skip is None
    return IncomingPost(
        community=CommunityRef(
            community.source_id, community.name, horizon_seconds=community.horizon_seconds
        ),
        source_id=seen.source_id,
        author=seen.author,
        title=seen.title if shown else "",
        posted_at=min(seen.posted_at, now),
        images=tuple(seen.images) if shown else (),
        link=seen.link if shown else None,
        options=seen.options,
    )
