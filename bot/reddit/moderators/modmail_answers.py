"""Answers to moderators: each is claimed, sent once, and looked for before it is sent again."""

import logging
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from bot.community_language import speaking_in
from bot.core import Core
from bot.league.digest import read_digest
from bot.networks.answer_queue import AnswerQueue
from bot.posts.history_imports import newest_import
from bot.reddit.client import RedditClient
from bot.reddit.errors import NotAllowed, NotThere, RedditRefusal
from bot.reddit.moderators import texts
from bot.reddit.moderators.leaderboard_text import leaderboard_text
from bot.reddit.moderators.modmail import messages_of
from bot.reddit.moderators.names import Names
from bot.reddit.options import WIKI
from bot.texts.translate import gettext as _
from storage.tables import Community, Digest, InboxItem, Label, Post, Prediction
from storage.types import OF_MODERATORS, InboxKind, PlatformName

log = logging.getLogger(__name__)

_WEEK = timedelta(days=7)


class ModmailAnswers:
    """Answers what `Modmail` recorded, also where nothing else is written on Reddit."""

    def __init__(self, client: RedditClient, core: Core) -> None:
        self._client = client
        self._core = core
        self._database = core.database
        self._clock = core.clock
        self._queue = AnswerQueue(
            core.database,
            PlatformName.REDDIT,
            OF_MODERATORS,
            (NotAllowed, NotThere, RedditRefusal),
            clock=core.clock,
        )

    async def answer_due(self) -> None:
        """Answer the messages whose time has come."""
        await self._queue.each_due(self._answer)

    async def _answer(self, item: InboxItem) -> None:
        conversation = str(item.post_source_id)
        mark = texts.known_by(item.source_id)
        if item.tries and await self._is_there(conversation, mark):
            await self._queue.note_sent(item, f"{item.source_id}_answer")
            return
        text = f"{await self._text(item)}\n\n{mark}"
        if not await self._queue.claim(item):
            return
        await self._client.answer_modmail(conversation, text)
        await self._queue.note_sent(item, f"{item.source_id}_answer")

    async def _is_there(self, conversation: str, mark: str) -> bool:
        whole = await self._client.conversation(conversation)
        return any(mark in str(each.get("bodyMarkdown")) for each in messages_of(whole))

    async def _text(self, item: InboxItem) -> str:
        async with self._database.read() as session:
            community = await session.get_one(Community, item.community_id)
            with speaking_in(community):
                return await self._said(session, item, community)

    async def _said(self, session: AsyncSession, item: InboxItem, community: Community) -> str:
        name = community.name
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
                return leaderboard_text(figures, name, names, end - _WEEK, end)
            case InboxKind.PAUSE:
                return _(texts.PAUSED).format(name=name)
            case InboxKind.RESUME:
                return _(texts.RESUMED).format(name=name)
            case InboxKind.WATCH:
                return _(texts.WATCHED).format(name=name, page=texts.wiki_page(name))
            case InboxKind.UNWATCH:
                return _(texts.UNWATCHED).format(name=name)
            case InboxKind.IMPORT:
                last = await newest_import(session, community.id)
                since = item.recorded_at if last is None else last.since
                return _(texts.IMPORT).format(name=name, since=f"{since:%Y-%m-%d}")
            case _:
                return texts.help_text(name)


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
