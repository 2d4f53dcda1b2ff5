"""Where the reply to a post is on Discord: its channel, and a reply of ours that is there."""

import discord

from bot.discord.gateway.answers import judging_answers
from bot.discord.gateway.channels import PostChannel
from bot.discord.gateway.guild_options import place_of
from bot.discord.gateway.history import readable_history
from bot.platform import RequestRefused
from storage.tables import Post

#: In place of a reply's id where there is a reaction only.
REACTION = "reaction"

#: Messages after a post among which an earlier reply is looked for.
_MOST_MESSAGES = 2000


def is_a_message(reply_id: str | None) -> bool:
    """Whether a reply's id is that of a message, which can be changed."""
    return reply_id is not None and reply_id != REACTION


def own_id(client: discord.Client) -> int:
    """The id of the bot's own account."""
    if client.user is None:
        raise RuntimeError("not logged in")
    return client.user.id


async def require_channel(client: discord.Client, post: Post) -> PostChannel:
    """The channel of a post (with its community loaded), where something is to be changed.

    Raises:
        PlatformUnavailable: it is out of sight, or Discord is; that may pass.
        RequestRefused: there is no such channel any more.
        RequestFailed: Discord's answer is none that is known.
    """
    channel: object = client.get_channel(int(place_of(post)))
    if channel is None:
        with judging_answers():
            channel = await client.fetch_channel(int(place_of(post)))
    if not isinstance(channel, PostChannel):
        raise RequestRefused("There are no posts in this kind of channel.")
    return channel


async def find_own_reply(
    client: discord.Client, channel: PostChannel, post: Post
) -> discord.Message | None:
    """A reply of ours that was sent, and whose id could not be noted.

    Raises:
        discord.HTTPException: the history cannot be read.
    """
    message_id, bot_id = int(post.source_id), own_id(client)
    async for message in readable_history(client, channel, message_id, most=_MOST_MESSAGES):
        reference = message.reference
        if (
            message.author.id == bot_id
            and reference is not None
            and reference.message_id == message_id
        ):
            return message
    return None
