"""Following deletions: what a network does not show any more is forgotten, once that is sure.

Networks show a post that was deleted or removed to nobody, as if there had never been one. That
counts as long as the network shows its community: all of that may be out of sight for a while. And
it counts when it is still so a while later: one answer proves nothing.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select

from bot.core import Core
from bot.networks.errors import NetworkRefusal, Refused
from bot.networks.guarded import one_odd
from bot.networks.network import Network, SeenPost
from bot.people.deletion_rounds import DeletionRounds
from storage.engine.scopes import ITS_ROWS, LOCKED
from storage.tables import Community, Post

#: How often deletions are followed: a post is asked for once a day.
EVERY = timedelta(minutes=10)
#: A post that is absent is taken for deleted when it was absent so long ago, too.
_BELIEVED = timedelta(hours=1)
#: Key of `Post.options`: since when the network does not show the post.
ABSENT_SINCE = "absent_since"


class Absence:
    """Looks for posts that were deleted on a network, or whose account was."""

    def __init__(self, network: Network, core: Core) -> None:
        self._network = network
        self._core = core
        self._rounds = DeletionRounds(
            core.database,
            core.images,
            network.name,
            step=EVERY,
            at_once=network.at_once,
            clock=core.clock,
        )

    async def follow(self) -> None:
        """Look at the posts whose turn it is, and forget those that were deleted.

        Raises:
            PlatformUnavailable: the network cannot be asked now.
        """
        in_sight: dict[str, bool] = {}
        for posts in await self._rounds.due():
            seen = await self._look([source_id for _, source_id in posts])
            gone = []
            for post_id, source_id in posts:
                async with one_odd(f"Post {source_id}"):
                    if source_id in seen and await self._is_gone(
                        post_id, seen[source_id], in_sight
                    ):
                        gone.append(post_id)
            await self._rounds.note([post_id for post_id, _ in posts], gone)

    async def _look(self, posts: list[str]) -> Mapping[str, SeenPost | None]:
        try:
            return await self._network.look(posts)
        except NetworkRefusal as refusal:
            return dict.fromkeys(posts) if refusal.why is Refused.ABSENT else {}

    async def _is_gone(
        self, post_id: int, seen: SeenPost | None, in_sight: dict[str, bool]
    ) -> bool:
        """Whether a post was deleted.

        Args:
            seen: the post as it is shown; None: it is not.
            in_sight: communities that were asked for before, and whether they are; added to.
        """
        async with self._core.database.read() as session:
            rows = await session.execute(
                select(Community.source_id, Post.options)
                .join(Post, Post.community_id == Community.id)
                .where(Post.id == post_id)
            )
            row = rows.one_or_none()
        if row is None:
            return False
        name, since = str(row[0]), (row[1] or {}).get(ABSENT_SINCE)
        if seen is not None:
            if since is not None:
                await self._note(post_id, None)
            return seen.is_deleted
        if name not in in_sight:
            try:
                in_sight[name] = await self._network.shows(name)
            except NetworkRefusal:
                in_sight[name] = False
        if not in_sight[name]:
            return False
        now = self._core.clock()
        if since is None:
            await self._note(post_id, now)
            return False
        return now - datetime.fromisoformat(since) >= _BELIEVED

    async def _note(self, post_id: int, since: datetime | None) -> None:
        """Note since when a post is absent, or (None) that it is there again."""
        async with self._core.database.write(alone_in=ITS_ROWS) as session:
            post = await session.get(Post, post_id, with_for_update=LOCKED)
            if post is not None:
                options = {**(post.options or {}), ABSENT_SINCE: since and since.isoformat()}
                kept = {key: each for key, each in options.items() if each is not None}
                post.options = kept or None
