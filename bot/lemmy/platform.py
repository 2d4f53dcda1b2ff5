"""Lemmy behind the protocol that every platform has."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select

from bot.communities import add_community
from bot.core import Core
from bot.leases import PLATFORM_TERM, Lease, LeaseLost
from bot.lemmy.client import Credentials, LemmyClient
from bot.lemmy.credentials import read_credentials
from bot.lemmy.errors import CredentialsRefused, LemmyRefusal
from bot.lemmy.inbox import Inbox
from bot.lemmy.items import (
    IMAGELESS,
    Rules,
    Skip,
    is_deleted,
    is_pinned,
    local_id,
    part,
    published,
    read_imageless,
    read_score,
    read_view,
    source_id_of,
)
from bot.lemmy.replies import BANNED_AT, Replies, ReplyRules
from bot.lemmy.scores import ScoreReader
from bot.lemmy.turns import Turns
from bot.people.deletion_rounds import DeletionRounds
from bot.platform import (
    CommunityRef,
    PlatformRefused,
    PlatformUnavailable,
    PostRef,
    Reading,
    ScoreRead,
)
from bot.posts.pipeline import Pipeline
from bot.runtime.another_try import until_another_try
from bot.runtime.supervisor import keep_running, tell
from bot.serving.forecast import Card, Ending
from storage.engine.scopes import ITS_ROWS, LOCKED
from storage.queries.communities import find_community
from storage.tables import Community, Post
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: Pages of a listing that are read back at most.
_MAX_PAGES = 5
#: How often deletions are followed: a post is asked for once a day.
_DELETIONS_EVERY = timedelta(minutes=10)
#: A post that is absent is taken for deleted when it was absent so long ago, too.
_BELIEVED = timedelta(hours=1)
#: Key of `Post.options`: since when the instance does not show the post.
ABSENT_SINCE = "absent_since"
_BANS_EVERY = timedelta(hours=1)
_TICK_SECONDS = 1.0


class LemmyPlatform:
    """Watches communities, comments where that is wanted, and reads scores.

    Nothing happens on its own but through `tick`, which does what is due by the clock; once
    started, a task calls it every second.

    Raises:
        PlatformRefused: the credentials are not whole.
    """

    name = PlatformName.LEMMY

    def __init__(self, core: Core, pipeline: Pipeline) -> None:
        settings, database, clock = core.settings, core.database, core.clock
        self._core = core
        self._clock = clock
        self._pipeline = pipeline
        self._every = timedelta(seconds=settings.lemmy_poll_seconds)
        self._credentials = read_credentials(core.settings_now())
        instance = self._instance = self._credentials.instance
        self._lease = Lease(database, "lemmy", term=PLATFORM_TERM)
        self.client = LemmyClient(
            self._credentials,
            agent=f"peoria (bot of {self._credentials.username})",
            clock=clock,
            before_writing=self._check_duty,
        )
        self._rules = Rules(timedelta(hours=settings.lemmy_max_age_hours), nsfw=settings.lemmy_nsfw)
        self._replies = Replies(
            self.client, database, ReplyRules.of(settings, instance), instance=instance, clock=clock
        )
        self._inbox = Inbox(self.client, core, self._replies, instance=instance)
        self._scores = ScoreReader(self.client, self._listed_score, instance=instance, clock=clock)
        self._deletions = DeletionRounds(
            database,
            core.images,
            PlatformName.LEMMY,
            step=_DELETIONS_EVERY,
            at_once=1,
            clock=clock,
        )
        #: Whether the instance was told since we signed in that we are a bot.
        self._introduced = False
        #: Scores that the latest look at each community showed on the way.
        self._listed: dict[str, dict[str, ScoreRead]] = {}
        self._turns = Turns(clock=clock)
        self._task: asyncio.Task[Exception] | None = None
        self._report = core.services.report("lemmy", "Lemmy")

    async def start(self) -> None:
        """Sign in and begin to watch. The instance may be away just now: then that is tried again.

        Raises:
            PlatformRefused: the instance does not accept the credentials.
        """
        self._sign_in_anew()
        try:
            await self._introduce()
        except CredentialsRefused as error:
            raise PlatformRefused(str(error)) from error
        except (PlatformUnavailable, LemmyRefusal) as error:
            log.warning("Lemmy cannot be asked now (%s); trying again.", error)
        if not await self._lease.hold():
            log.info("Another process looks after Lemmy; this one waits until it ends.")
        if not self._core.settings.lemmy_communities:
            log.warning("No community is watched: PEORIA_LEMMY_COMMUNITIES is empty.")
        self._task = asyncio.create_task(
            keep_running("Lemmy", self._run, report=self._report), name="lemmy"
        )

    async def _introduce(self) -> None:
        """Find out who we are, and say on the instance that we are a bot."""
        me = await self.client.me()
        log.info("Signed in to %s as %s.", self._instance, me.get("name"))
        if me.get("bot_account") is not True and self._replies.rules.writes and self.on_duty:
            await self.client.mark_as_bot()
            log.info("The account is marked as a bot now.")
        self._introduced = self.on_duty

    def credentials(self) -> Credentials | None:
        """What we would sign in with now; None: what is set is not whole."""
        try:
            return read_credentials(self._core.settings_now())
        except PlatformRefused:
            return None

    def _sign_in_anew(self) -> None:
        found = self.credentials()
        if found is not None and found.instance == self._instance:
            self._credentials = found
        self.client.sign_in_anew(self._credentials)
        self._turns.begin_anew()
        self._introduced = False

    async def stop(self) -> None:
        """Stop watching."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
            await tell("Lemmy", self._report.closed())
        await self._lease.release()
        await self.client.close()

    @property
    def on_duty(self) -> bool:
        """Whether Lemmy is this process's: of several on one database, one looks after it."""
        return not self._lease.is_elsewhere

    def guarding(self) -> AbstractContextManager[None]:
        """A block in which nothing is written once Lemmy is another process's."""
        return self._lease.guarding()

    def _check_duty(self) -> None:
        if not self.on_duty:
            raise PlatformUnavailable("another process looks after Lemmy now")

    async def _run(self) -> None:
        while True:
            await self.tick()
            refusal = self._turns.refusal
            if refusal is None:
                await self._report.running()
                await asyncio.sleep(_TICK_SECONDS)
                continue
            await self._report.stopped(str(refusal))
            # Another process may have better credentials.
            await self._lease.release()
            await until_another_try(self.credentials, self._credentials)
            log.info("Lemmy is tried again.")
            self._sign_in_anew()

    async def tick(self) -> None:
        """Do what is due: read communities and messages. Nothing while another process does."""
        if not await self._lease.hold():
            return
        with self._lease.guarding():
            try:
                if not self._introduced:
                    # The instance was away at the start, or this process had nothing to do then.
                    await self._turns.run_due("account", self._every, self._introduce)
                for name in self._core.settings.lemmy_communities:
                    await self._turns.run_due(f"!{name}", self._every, partial(self._watch, name))
                await self._turns.run_due("messages", self._every, self._read_messages)
                await self._turns.run_due("bans", _BANS_EVERY, self._look_at_bans)
                await self._turns.run_due("deletions", _DELETIONS_EVERY, self._follow_deletions)
            except LeaseLost as error:
                log.warning("What was under way on Lemmy is left to another process: %s.", error)

    async def _read_messages(self) -> None:
        await self._inbox.read()
        await self._inbox.answer_due()

    async def _watch(self, name: str) -> None:
        """Take the new posts of a community."""
        community = await self._community(name)
        if not community.watched:
            return
        ref = CommunityRef(
            community.source_id, community.name, horizon_seconds=community.horizon_seconds
        )
        final = timedelta(seconds=community.horizon_seconds)
        # A score that is final cannot be predicted.
        rules = replace(self._rules, max_age=min(self._rules.max_age, final))
        listed: dict[str, ScoreRead] = {}
        for page in range(1, _MAX_PAGES + 1):
            views = await self.client.posts(name, page)
            now = self._clock()
            # Listings begin with the newest; who came first is served first.
            for view in reversed(views):
                taken = read_view(view, ref, rules, now, self._instance)
                if not isinstance(taken, Skip):
                    await self._pipeline.accept(PlatformName.LEMMY, taken)
                elif taken in IMAGELESS:
                    bare = read_imageless(view, ref, now, self._instance)
                    if bare is not None:
                        await self._pipeline.note_imageless(PlatformName.LEMMY, bare)
                read, post_id = read_score(view, now), part(view, "post").get("id")
                if isinstance(read, ScoreRead) and isinstance(post_id, int):
                    listed[source_id_of(post_id, self._instance)] = read
            # Pinned posts stand on the first page and say nothing of how far back it goes.
            times: list[datetime] = [
                at for view in views if not is_pinned(view) and (at := published(view)) is not None
            ]
            if not times or now - min(times) > rules.max_age:
                break
        self._listed[name] = listed

    def _listed_score(self, source_id: str) -> ScoreRead | None:
        for scores in self._listed.values():
            if source_id in scores:
                return scores[source_id]
        return None

    async def _community(self, name: str) -> Community:
        """A community, made with the defaults if it is new."""
        source_id = name.lower()
        horizon = round(self._core.settings.lemmy_horizon_hours * 3600)
        ref = CommunityRef(source_id, f"!{source_id}", horizon_seconds=horizon)
        async with self._core.database.read() as session:
            found = await session.run_sync(find_community, PlatformName.LEMMY, source_id)
        if found is None:
            await add_community(self._core.database, PlatformName.LEMMY, ref, now=self._clock())
            async with self._core.database.read() as session:
                found = await session.run_sync(find_community, PlatformName.LEMMY, source_id)
        assert found is not None  # noqa: S101 - it was inserted, now or by another
        return found

    async def _look_at_bans(self) -> None:
        """Find out whether bans have ended."""
        for name in self._core.settings.lemmy_communities:
            community = await self._community(name)
            if BANNED_AT in community.options:
                view = await self.client.community(name)
                if view.get("banned_from_community") is False:
                    await self._replies.end_ban(community)

    async def _follow_deletions(self) -> None:
        """Forget posts that were deleted on Lemmy, or whose account was."""
        in_sight: dict[str, bool] = {}
        for posts in await self._deletions.due():
            gone = []
            for post_id, source_id in posts:
                there = local_id(source_id, self._instance)
                if there is not None and await self._is_deleted(post_id, there, in_sight):
                    gone.append(post_id)
            await self._deletions.note([post_id for post_id, _ in posts], gone)

    async def _is_deleted(self, post_id: int, there: int, in_sight: dict[str, bool]) -> bool:
        """Whether a post was deleted.

        Lemmy shows a post that was deleted or removed to nobody, as if there had never been one.
        That counts as long as it shows the community: all of that may be out of sight for a while.
        And it counts when it is still so a while later: one answer proves nothing.

        Args:
            in_sight: communities that were asked for before, and whether they are; added to.
        """
        view = None
        try:
            view = await self.client.post(there)
        except LemmyRefusal as refusal:
            if not refusal.is_absent:
                return False
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
        if view is not None:
            if since is not None:
                await self._note_absence(post_id, None)
            return is_deleted(view)
        if name not in in_sight:
            try:
                view = await self.client.community(name)
                in_sight[name] = not part(view, "community").get("removed")
            except LemmyRefusal:
                in_sight[name] = False
        if not in_sight[name]:
            return False
        now = self._clock()
        if since is None:
            await self._note_absence(post_id, now)
            return False
        return now - datetime.fromisoformat(since) >= _BELIEVED

    async def _note_absence(self, post_id: int, since: datetime | None) -> None:
        """Note since when a post is absent, or (None) that it is there again."""
        async with self._core.database.write(alone_in=ITS_ROWS) as session:
            post = await session.get(Post, post_id, with_for_update=LOCKED)
            if post is not None:
                options = {**(post.options or {}), ABSENT_SINCE: since and since.isoformat()}
                kept = {key: each for key, each in options.items() if each is not None}
                post.options = kept or None

    async def reply(self, post: PostRef, card: Card, *, sent_before: bool) -> str:
        """Comment the prediction; see `Replies.reply`."""
        self._check_duty()
        return await self._replies.reply(post, card, sent_before=sent_before)

    async def settle(self, post: PostRef, reply_id: str, outcome: Ending) -> None:
        """Put the outcome into the comment; see `Replies.settle`."""
        self._check_duty()
        await self._replies.settle(post, reply_id, outcome)

    async def withdraw(self, post: PostRef, reply_id: str | None) -> None:
        """Delete the comment; see `Replies.withdraw`."""
        self._check_duty()
        await self._replies.withdraw(post, reply_id)

    async def announce(
        self, text: str, community_source_id: str | None, *, told_since: datetime | None
    ) -> None:
        """Lemmy has no place for its moderators alone; the board and Discord show notices."""
        return

    async def read_scores(self, posts: Sequence[PostRef]) -> Mapping[int, Reading]:
        """Read scores; see `ScoreReader.read`."""
        return await self._scores.read(posts)
