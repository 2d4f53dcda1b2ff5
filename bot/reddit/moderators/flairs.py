"""Flair: of forecasters, by the leaderboard of a week, and of posts, by what became of them."""

import logging
from datetime import timedelta
from functools import cache

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.community_language import speaking_in
from bot.core import Core
from bot.league.digest import DigestFigures
from bot.reddit.client import PAGE, RedditClient
from bot.reddit.errors import NotAllowed, NotThere, RedditRefusal
from bot.reddit.items import is_gone
from bot.reddit.moderators.names import Names
from bot.reddit.options import FORECASTER_FLAIR, POST_FLAIR
from bot.reddit.reply_rules import ReplyRules
from bot.serving.number_format import signed
from bot.serving.phrases import bucket_word
from bot.texts.language import LANGUAGES, speaking
from bot.texts.translate import gettext as _
from bot.texts.translate import mark
from storage.engine.scopes import ITS_ROWS, LOCKED
from storage.tables import Community, Label, Post
from storage.types import Bucket, PlatformName, PostOrigin

log = logging.getLogger(__name__)

_FORECASTER = mark("Forecaster no. {place} ({points} points)")
_PLAYED = mark("Played {bucket}")
#: Posts get their flair this long after their label was written, or not at all.
_FRESH = timedelta(days=2)
#: Key of `Post.options`: the flair of the post was dealt with.
FLAIRED = "flaired"


def _is_ours(flair: str) -> bool:
    """Whether a flair is one of ours in any language; another is somebody's own."""
    return any(flair.startswith(each) for each in _beginnings())


@cache
def _beginnings() -> tuple[str, ...]:
    found = []
    for each in LANGUAGES:
        with speaking(each):
            found.append(_(_FORECASTER).partition("{")[0])
    return tuple(found)


class ForecasterFlairs:
    """Gives the best forecasters of a week a flair, where moderators want it."""

    def __init__(self, client: RedditClient, core: Core) -> None:
        self._client = client
        self._names = Names(core.people_key)

    async def give(self, community: Community, figures: DigestFigures) -> None:
        """Give who stands on a leaderboard a flair; somebody's own is not replaced.

        Raises:
            PlatformUnavailable: Reddit cannot be asked now.
        """
        if not community.options.get(FORECASTER_FLAIR):
            return
        for place, each in enumerate(figures.best, start=1):
            name = self._names.name_of(each.person, each.sealed)
            if name is None:
                continue
            try:
                before = await self._client.user_flair(community.source_id, name)
                if before and not _is_ours(before):
                    continue
                text = _(_FORECASTER).format(place=place, points=signed(each.points))
                if text != before:
                    await self._client.set_user_flair(community.source_id, name, text)
            except (NotAllowed, NotThere, RedditRefusal) as error:
                log.info("A forecaster of %s gets no flair (%s).", community.name, error)


class PostFlairs:
    """Gives posts a flair with the bucket of their final score, where moderators want it."""

    def __init__(self, client: RedditClient, core: Core, rules: ReplyRules) -> None:
        self._client = client
        self._database = core.database
        self._clock = core.clock
        self._rules = rules

    async def give_due(self) -> int:
        """Give flair to posts with a new label; return how many got one.

        Raises:
            PlatformUnavailable: Reddit cannot be asked now.
        """
        async with self._database.read() as session:
            communities = [
                each
                for each in await session.scalars(
                    select(Community).filter_by(platform=PlatformName.REDDIT, watched=True)
                )
                if each.options.get(POST_FLAIR)
                and each.paused_at is None
                and self._rules.reason_not_to_write(each) is None
            ]
            waiting = [
                (community, await self._waiting(session, community)) for community in communities
            ]
        return sum([await self._give(community, posts) for community, posts in waiting if posts])

    async def _waiting(
        self, session: AsyncSession, community: Community
    ) -> list[tuple[Post, Bucket]]:
        rows = await session.execute(
            select(Post, Label.bucket)
            .join(Label, Label.post_id == Post.id)
            .where(
                Label.community_id == community.id,
                Label.written_at > self._clock() - _FRESH,
                # What was imported got its label now and its votes long ago.
                Post.origin == PostOrigin.LIVE,
            )
            .order_by(Label.written_at, Post.id)
        )
        found = [(row[0], row[1]) for row in rows if not (row[0].options or {}).get(FLAIRED)]
        return found[:PAGE]

    async def _give(self, community: Community, posts: list[tuple[Post, Bucket]]) -> int:
        items = await self._client.info([post.source_id for post, _ in posts])
        given = 0
        for post, bucket in posts:
            item = items.get(post.source_id)
            # One that its author or a moderator chose is not replaced.
            free = item is not None and not is_gone(item) and not item.get("link_flair_text")
            if free:
                try:
                    with speaking_in(community):
                        text = _(_PLAYED).format(bucket=bucket_word(bucket))
                    await self._client.set_post_flair(community.source_id, post.source_id, text)
                    given += 1
                except (NotAllowed, NotThere, RedditRefusal) as error:
                    log.info("Post %s gets no flair (%s).", post.id, error)
            async with self._database.write(alone_in=ITS_ROWS) as session:
                row = await session.get_one(Post, post.id, with_for_update=LOCKED)
                row.options = {**(row.options or {}), FLAIRED: True}
        return given
