"""The reply to a post as it should look now: open for guesses, or closed with what was guessed."""

from collections.abc import Mapping

from bot.core import Core
from bot.discord.messages.render_reply import ReplyMessage, reply_message
from bot.discord.messages.reply_data import ReplyData
from bot.discord.texts.lookup import Texts
from bot.league.guesses import guess_tally, guessing_is_open
from bot.serving.forecast import Card
from bot.serving.second_look import read_second_looks
from storage.types import Bucket


async def current_reply(core: Core, data: ReplyData, card: Card, texts: Texts) -> ReplyMessage:
    """Lay the reply out.

    Args:
        data: the post.
        card: its prediction.
        texts: the server's language.
    """
    now = core.clock()
    tally: Mapping[Bucket, int] = {}
    second_look = None
    if not guessing_is_open(data.post, now):
        async with core.database.read() as session:
            tally = await guess_tally(session, data.post.id)
            second_looks = await session.run_sync(
                read_second_looks, data.post.community, [data.post.id], now=now
            )
            second_look = second_looks.get(data.post.id)
    return reply_message(
        texts,
        data.post,
        card,
        images=data.images,
        seen=data.seen,
        tally=tally,
        second_look=second_look,
        now=now,
    )
