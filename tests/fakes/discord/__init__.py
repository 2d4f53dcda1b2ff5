"""A Discord on 127.0.0.1 that the real discord.py connects to: REST v10, gateway v10, CDN.

    async with FakeDiscord() as fake:
        guild = fake.guild("Peoria")
        channel = fake.channel(guild, "memes")
        ann = fake.member(guild, "ann")
        ...                                   # start the bot on fake.api_url, fake.gateway_url
        await fake.ready()                    # it has connected and taken everything in
        post = await fake.post_message(channel, ann, attachments=[png])
        (reply,) = await fake.until(lambda: fake.replies_to(post))
        asked = await fake.slash(ann, channel, "predict", image=png, title="A title")
        assert asked.acknowledged_after < 3 and "would beat" in asked.response.text
        await fake.click(ann, reply, "High")  # a button by its custom_id or its label
        await fake.react(ann, post, "⬆")
        await fake.settle()                   # everything that follows from that has happened
        fake.assert_valid()                   # every request was one that Discord takes

What people do (all ``await fake.…``): `post_message`, `edit_message`, `delete_message`,
`delete_messages`, `react`, `unreact`, `clear_reactions`, `clear_emoji`, `slash`, `autocomplete`,
`menu`, `click`, `select`, `submit`.
What there is: `guild`, `channel`, `member`, `user`, `dm`, `grant`, `permit`, `remove_bot`,
`messages`, `replies_to`, `whispers_to`, `commands`, `requests`.
What goes wrong: ``fake.on(step, action)`` with the actions of `tests.fakes.discord.faults`,
`limit`, `cut_gateway`, `ask_to_reconnect`, `invalidate_sessions`, `revoke_token`.

Steps: ``METHOD /route/with/{names}`` before a request is looked at, ``after METHOD /route`` when it
was done and before it is answered, ``GET cdn``, ``gateway hello``, ``gateway identify``,
``gateway resume``, ``dispatch EVENT_NAME``.

Intents are kept: without ``message_content=True`` the content of messages is emptied as Discord
does it, and a bot that asks for the intent is turned away.
"""

from tests.fakes.discord.interactions import Interaction, NotOffered
from tests.fakes.discord.messages import Attachment, Message, Upload
from tests.fakes.discord.server import FakeDiscord, Request
from tests.fakes.discord.world import Channel, Guild, Member, Person, User

__all__ = [
    "Attachment",
    "Channel",
    "FakeDiscord",
    "Guild",
    "Interaction",
    "Member",
    "Message",
    "NotOffered",
    "Person",
    "Request",
    "Upload",
    "User",
]
