"""Shows in replies that guessing has closed."""

from datetime import timedelta

from discord.ext import commands

from bot.core import Core
from bot.discord.gateway.answers import judging_answers
from bot.discord.messages.edit_reply import ReplyEditor
from bot.discord.messages.find_reply import is_a_message
from bot.discord.rounds import rounds
from bot.posts.sent_replies import note_change_failed, note_reply_closed, replies_to_close
from bot.runtime.lanes import Lanes
from storage.tables import Post
from storage.types import PlatformName

_SECONDS = 5.0
#: Replies that are changed in one round.
_BATCH = 50


class ClosedReplies(commands.Cog):
    """Changes replies every few seconds, as guessing on their posts closes."""

    def __init__(self, core: Core, editor: ReplyEditor) -> None:
        self._core = core
        self._editor = editor
        self._lanes: Lanes[int] = Lanes("Replies to close")
        self._rounds = rounds(
            core, "replies to close", "Closing replies on Discord", _SECONDS, self.close_due
        )

    async def cog_load(self) -> None:
        self._rounds.start()

    async def cog_unload(self) -> None:
        await self._rounds.stop()
        await self._lanes.stop()

    async def close_due(self) -> int:
        """Change the replies that are due, blind predictions are shown in them; return how many."""
        now = self._core.clock()
        async with self._core.database.read() as session:
            posts = await replies_to_close(
                session,
                PlatformName.DISCORD,
                now,
                limit=_BATCH,
                without_communities=self._lanes.busy,
            )
        await self._lanes.take(posts, lambda post: post.community_id, self._close)
        return len(posts)

    async def _close(self, post: Post) -> None:
        reply = post.reply
        if reply is None:
            return
        try:
            with judging_answers():
                if is_a_message(reply.source_id):
                    await self._editor.close(post)
        except Exception as error:  # noqa: BLE001 - judged and logged below
            # At the horizon the outcome takes its place.
            until = post.posted_at + timedelta(seconds=post.community.horizon_seconds)
            if await note_change_failed(
                self._core.database, reply, error, now=self._core.clock(), until=until
            ):
                return
        await note_reply_closed(self._core.database, post.id, self._core.clock())
