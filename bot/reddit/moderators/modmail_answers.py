"""Answers to moderators: each is claimed, sent once, and looked for before it is sent again."""

import logging
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot.core import Core
from bot.league.digest import read_digest
from bot.platform import PlatformUnavailable
from bot.posts.history_imports import newest_import
from bot.reddit.client import RedditClient
from bot.reddit.errors import NotAllowed, NotThere, RedditRefusal
from bot.reddit.moderators import texts
from bot.reddit.moderators.leaderboard_text import leaderboard_text
from bot.reddit.moderators.modmail import messages_of
from bot.reddit.moderators.names import Names
from bot.reddit.options import WIKI
from storage.tables import Community, Digest, InboxItem, Label, Post, Prediction
from storage.types import OF_MODERATORS, InboxKind, PlatformName, ReplyState

log = logging.getLogger(__name__)

MAX_TRIES = 8
FIRST_WAIT = timedelta(seconds=30)
CLAIMED_FOR = timedelta(minutes=1)
_WEEK = timedelta(days=7)


class ModmailAnswers:
    """Answers what `Modmail` recorded, also where nothing else is written on Reddit."""

    def __init__(self, client: RedditClient, core: Core) -> None:
        self._client = client
        self._core = core
        self._database = core.database
        self._clock = core.clock

    async def answer_due(self) -> None:
        """Answer the messages whose time has come.

        Raises:
            PlatformUnavailable: Reddit cannot be asked now.
        """
        async with self._database.read() as session:
            due = (
                await session.scalars(
                    select(InboxItem)
                    .where(
                        InboxItem.platform == PlatformName.REDDIT,
                        InboxItem.kind.in_(OF_MODERATORS),
                        InboxItem.due_at <= self._clock(),
                    )
                    .order_by(InboxItem.due_at, InboxItem.id)
                )
            ).all()
        for item in due:
            try:
                await self._answer(item)
            except PlatformUnavailable as error:
                log.info("Message %s is answered later (%s).", item.source_id, error)
                await self._later(item, error.retry_after)
            except (NotAllowed, NotThere, RedditRefusal) as error:
                await self._end(item, ReplyState.SKIPPED, reason=str(error))
            except Exception:
                # One message that cannot be answered must not stop the others.
                log.exception("Message %s could not be answered; tried again.", item.source_id)
                await self._later(item, None)

    async def _answer(self, item: InboxItem) -> None:
        conversation = str(item.post_source_id)
        mark = texts.mark(item.source_id)
        if item.tries and await self._is_there(conversation, mark):
            await self._end(item, ReplyState.SENT, answer_id=f"{item.source_id}_answer")
            return
        text = f"{await self._text(item)}\n\n{mark}"
        if not await self._claim(item):
            return
        await self._client.answer_modmail(conversation, text)
        await self._end(item, ReplyState.SENT, answer_id=f"{item.source_id}_answer")

    async def _is_there(self, conversation: str, mark: str) -> bool:
        whole = await self._client.conversation(conversation)
        return any(mark in str(each.get("bodyMarkdown")) for each in messages_of(whole))

    async def _claim(self, item: InboxItem) -> bool:
        """Record that an answer is about to be sent; return whether nobody else did."""
        async with self._database.write() as session:
            claimed = await session.execute(
                update(InboxItem)
                .where(
                    InboxItem.id == item.id,
                    InboxItem.state == ReplyState.PENDING,
                    InboxItem.tries == item.tries,
                )
                .values(tries=item.tries + 1, due_at=self._clock() + CLAIMED_FOR)
                .returning(InboxItem.id)
            )
            return claimed.first() is not None

    async def _text(self, item: InboxItem) -> str:
        async with self._database.read() as session:
            community = await session.get_one(Community, item.community_id)
            match item.kind:
                case InboxKind.STATUS:
                    digest = await session.scalar(
                        select(Digest).filter_by(
                            platform=PlatformName.REDDIT, server=community.source_id
                        )
                    )
                    last = await newest_import(session, community.id)
                    counts = await session.run_sync(_counts, community.id)
                    fault = (community.options.get(WIKI) or {}).get("fault")
                    writes = self._core.settings.reddit_reply == "on"
                    return texts.status(community, counts, digest, last, fault, writes=writes)
                case InboxKind.LEADERBOARD:
                    end = self._clock()
                    names = Names(self._core.people_key)
                    figures = await session.run_sync(
                        lambda plain: read_digest(plain, [community.id], end - _WEEK, end)
                    )
                    return leaderboard_text(figures, community.name, names, end - _WEEK, end)
                case InboxKind.PAUSE:
                    return texts.PAUSED.format(name=community.name)
                case InboxKind.RESUME:
                    return texts.RESUMED.format(name=community.name)
                case InboxKind.WATCH:
                    return texts.WATCHED.format(name=community.name)
                case InboxKind.UNWATCH:
                    return texts.UNWATCHED.format(name=community.name)
                case InboxKind.IMPORT:
                    last = await newest_import(session, community.id)
                    since = item.recorded_at if last is None else last.since
                    return texts.IMPORT.format(name=community.name, since=f"{since:%Y-%m-%d}")
                case _:
                    return texts.HELP.format(name=community.name)

    async def _later(self, item: InboxItem, after: timedelta | None) -> None:
        async with self._database.write() as session:
            kept = await session.get_one(InboxItem, item.id)
            if kept.tries >= MAX_TRIES:
                kept.state, kept.due_at = ReplyState.SKIPPED, None
                kept.reason = "Reddit could not be reached often enough."
                return
            kept.due_at = self._clock() + (after or FIRST_WAIT * 2**kept.tries)

    async def _end(
        self,
        item: InboxItem,
        state: ReplyState,
        *,
        answer_id: str | None = None,
        reason: str | None = None,
    ) -> None:
        async with self._database.write() as session:
            kept = await session.get_one(InboxItem, item.id)
            kept.state, kept.due_at, kept.reason = state, None, reason
            kept.answer_id = answer_id
            kept.answered_at = self._clock() if answer_id else None


def _counts(session: Session, community_id: int) -> texts.Counts:
    posts = select(func.count()).select_from(Post).where(Post.community_id == community_id)
    labels = select(func.count()).select_from(Label).where(Label.community_id == community_id)
    newest = (
        select(func.max(Prediction.made_at))
        .join(Post, Post.id == Prediction.post_id)
        .where(Post.community_id == community_id)
    )
    return texts.Counts(
        session.scalar(posts) or 0, session.scalar(labels) or 0, session.scalar(newest)
    )
