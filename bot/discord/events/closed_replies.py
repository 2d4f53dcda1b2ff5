"""Shows in replies that guessing has closed."""

import logging

from discord.ext import commands, tasks

from bot.core import Core
from bot.discord.messages.edit_reply import ReplyEditor
from bot.discord.messages.find_reply import is_a_message
from bot.platform import PlatformUnavailable
from bot.posts.sent_replies import note_reply_closed, replies_to_close
from storage.types import PlatformName

log = logging.getLogger(__name__)

_SECONDS = 5.0
#: Replies that are changed in one round.
_BATCH = 50


class ClosedReplies(commands.Cog):
    """Changes replies every few seconds, as guessing on their posts closes."""

    def __init__(self, core: Core, editor: ReplyEditor) -> None:
        self._core = core
        self._editor = editor

    async def cog_load(self) -> None:
        self._loop.start()

    async def cog_unload(self) -> None:
        self._loop.cancel()

    @tasks.loop(seconds=_SECONDS)
    async def _loop(self) -> None:
        try:
            await self.close_due()
        except Exception:
            log.exception("Replies could not be changed when guessing closed; tried again.")

    async def close_due(self) -> int:
        """Change the replies that are due, blind predictions are shown in them; return how many."""
        now = self._core.clock()
        async with self._core.database.read() as session:
            posts = await replies_to_close(session, PlatformName.DISCORD, now, limit=_BATCH)
        for post in posts:
            try:
                if post.reply is not None and is_a_message(post.reply.source_id):
                    await self._editor.close(post)
            except PlatformUnavailable as error:
                log.info("The reply to post %s cannot be changed now (%s).", post.id, error)
                continue
            await note_reply_closed(self._core.database, post.id, now)
        return len(posts)
