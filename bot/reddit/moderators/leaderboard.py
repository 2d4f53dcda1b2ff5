"""The leaderboard of a week: a post, one at the top of the subreddit, or a page of its wiki."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.community_language import speaking_in
from bot.core import Core
from bot.league.digest import DigestFigures, DigestPost, read_digest
from bot.league.digest_times import (
    STALE,
    claim_digest,
    due_digests,
    leave_out,
    note_sent,
    put_off,
    span_of,
)
from bot.networks.texts import A_BOT
from bot.platform import PlatformUnavailable
from bot.reddit.client import RedditClient
from bot.reddit.communities import find_subreddit
from bot.reddit.errors import NotAllowed, NotThere, RedditRefusal
from bot.reddit.items import is_gone, name_of
from bot.reddit.moderators.flairs import ForecasterFlairs
from bot.reddit.moderators.leaderboard_text import leaderboard_text, leaderboard_title
from bot.reddit.moderators.names import Names
from bot.reddit.moderators.wiki import PAGE
from bot.reddit.moderators.wiki_settings import LeaderboardForm
from bot.reddit.reply_rules import ReplyRules
from bot.texts.translate import gettext as _
from storage.tables import Community, Digest
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: Fewer posts that ended are a quiet week: nothing is told.
_LEAST_POSTS = 3
_BATCH = 20


class WeeklyLeaderboards:
    """Shows the leaderboards that are due, each once."""

    def __init__(
        self, client: RedditClient, core: Core, rules: ReplyRules, flairs: ForecasterFlairs
    ) -> None:
        self._client = client
        self._database = core.database
        self._clock = core.clock
        self._rules = rules
        self._flairs = flairs
        self._names = Names(core.people_key)

    async def show_due(self) -> int:
        """Show what is due; return how many were shown.

        Raises:
            PlatformUnavailable: Reddit cannot be asked now.
        """
        async with self._database.read() as session:
            due = await due_digests(
                session, PlatformName.REDDIT, self._clock(), without=(), limit=_BATCH
            )
        shown = 0
        for digest in due:
            try:
                shown += await self._show(digest)
            except PlatformUnavailable:
                await put_off(self._database, digest, self._clock())
                raise
            except (NotAllowed, NotThere, RedditRefusal) as error:
                log.warning("The leaderboard of r/%s cannot be shown: %s", digest.server, error)
                await leave_out(self._database, digest, self._clock(), str(error))
            except Exception:
                # One odd subreddit stops no other.
                log.exception("The leaderboard of r/%s failed.", digest.server)
                await put_off(self._database, digest, self._clock())
        return shown

    async def _show(self, digest: Digest) -> bool:
        now = self._clock()
        async with self._database.read() as session:
            community = await find_subreddit(session, digest.server)
        why = self._why_not(digest, community, now)
        if community is None or why is not None:
            await leave_out(self._database, digest, now, why)
            return False
        begin, end = span_of(digest)
        figures = await self._database.run_read(
            lambda session: read_digest(session, [community.id], begin, end)
        )
        if figures.labels < _LEAST_POSTS:
            await leave_out(self._database, digest, now, None)
            return False
        claimed, begun = await claim_digest(self._database, digest, now)
        if not claimed:
            return False
        figures = await self._still_there(figures)
        with speaking_in(community):
            sent = await self._put(digest, community, figures, looked_for=begun is not None)
            await self._flairs.give(community, figures)
        await note_sent(self._database, digest, sent, self._clock())
        return True

    def _why_not(self, digest: Digest, community: Community | None, now: datetime) -> str | None:
        if community is None:
            return "There is no such subreddit."
        if now > digest.due_at + STALE:
            return "It could not be shown in time."
        if community.paused_at is not None:
            return "Comments and posts are paused."
        return self._rules.reason_not_to_write(community)

    async def _put(
        self,
        digest: Digest,
        community: Community,
        figures: DigestFigures,
        *,
        looked_for: bool,
    ) -> str:
        """Show it; return its id on Reddit."""
        name, (begin, end) = community.source_id, span_of(digest)
        text = leaderboard_text(figures, community.name, self._names, begin, end)
        about = self._rules.about or f"https://www.reddit.com/user/{await self._client.me()}"
        signed = f"{text}\n\n^({_(A_BOT)}) [^({_('What is this?')})]({about})"
        if digest.channel == LeaderboardForm.WIKI:
            page = f"{PAGE}/leaderboard"
            await self._client.edit_wiki_page(name, page, signed, f"until {end:%Y-%m-%d}")
            return page
        title = leaderboard_title(community.name, begin, end)
        post = await self._shown_before(name, title) if looked_for else None
        if post is None:
            post = await self._client.submit(name, title, signed)
        if digest.channel == LeaderboardForm.STICKY:
            await self._stick(post, digest.source_id)
        return post

    async def _shown_before(self, subreddit: str, title: str) -> str | None:
        """This leaderboard, where a process posted it that could not note it."""
        page = await self._client.own_posts()
        for item in page.items:
            same = str(item.get("subreddit")).lower() == subreddit.lower()
            if same and item.get("title") == title:
                return name_of(item)
        return None

    async def _stick(self, post: str, before: str | None) -> None:
        """Put a post at the top in place of the last one. It stays a post where that is refused."""
        try:
            if before is not None and before.startswith("t3_"):
                await self._client.sticky(before, state=False)
            await self._client.sticky(post, state=True)
        except (NotAllowed, NotThere, RedditRefusal) as error:
            log.info("The leaderboard %s stays a post (%s).", post, error)

    async def _still_there(self, figures: DigestFigures) -> DigestFigures:
        """The figures without posts that were deleted or removed since."""
        asked = {each.source_id for each in (*figures.top, *figures.surprising)}
        if not asked:
            return figures
        items = await self._client.info(sorted(asked))
        gone = {name for name in asked if name not in items or is_gone(items[name])}
        return replace(
            figures,
            top=_without(figures.top, gone),
            surprising=_without(figures.surprising, gone),
        )


def _without(posts: Sequence[DigestPost], gone: set[str]) -> list[DigestPost]:
    return [post for post in posts if post.source_id not in gone]
