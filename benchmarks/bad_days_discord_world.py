"""The server on which the bad days are played: its channels, people, posts, and the true time."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord, Member, Message
from tests.fakes.discord.faults import Hook

HORIZON = 6 * 3600
SEND = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
FETCH = "GET /channels/{channel_id}/messages/{message_id}"
DELETE = "DELETE /channels/{channel_id}/messages/{message_id}"
HISTORY = "GET /channels/{channel_id}/messages"
#: A channel that few can see, and a word that is spoilered.
SECRET, HIDDEN = "hush-hush", "butler"
#: A server's own emoji, as a setting and as a reaction.
CUSTOM_ID = 1_200_000_000_000_000_001
CUSTOM = f"<:yes:{CUSTOM_ID}>"
#: What people may vote with, each in the spellings and tones that count as one.
VOTES = (("⬆", "⬆️"), ("👍", "👍🏻", "👍🏽", "👍🏿"), ("❤", "❤️"), (f"yes:{CUSTOM_ID}",))


@dataclass
class Posted:
    """A post as it was made, and what became of it on Discord."""

    message: Message
    channel: Channel
    votes: int
    at: datetime
    deleted: bool = False
    spoiler: bool = False
    #: Whether people voted with the server's own emoji.
    custom: bool = False


@dataclass
class World:
    """The server, its people, and the true time."""

    fake: FakeDiscord
    true: FakeClock
    rng: random.Random
    channels: list[Channel]
    people: list[Member]
    posts: list[Posted] = field(default_factory=list)
    hidden_until: dict[int, datetime] = field(default_factory=dict)
    #: Until when a channel that was hidden is not hidden again.
    shown_until: dict[int, datetime] = field(default_factory=dict)
    #: How far the clock of the machine is set wrong, seconds.
    wrong_by: float = 0.0
    #: What is voted with, by channel, and in which tones people have it.
    votes: dict[int, Sequence[str]] = field(default_factory=dict)
    #: Errors that Discord has not answered with yet, and those that wait for their request.
    answers: list[tuple[int, int]] = field(default_factory=list)
    pending: dict[tuple[int, str], Hook] = field(default_factory=dict)
    #: When the same kind of request may meet another answer that is tried a few times only.
    calm_from: dict[tuple[int, str], datetime] = field(default_factory=dict)
    #: A server that the bot is thrown out of and invited to again, and what was posted there
    #: before anybody said `/watch`.
    outcast: Channel | None = None
    unheard: list[Message] = field(default_factory=list)


def make_world(fake: FakeDiscord, true: FakeClock, rng: random.Random) -> World:
    """A server with four channels, one of them for few, and another server."""
    guild = fake.guild("Bad days")
    guild.emojis[CUSTOM_ID] = "yes"
    names = ("memes-0", "memes-1", "memes-2", SECRET)
    channels = [fake.channel(guild, name) for name in names]
    fake.permit(channels[-1], guild.everybody, view_channel=False)
    fake.permit(channels[-1], fake.bot, view_channel=True)
    people = [fake.member(guild, f"person {number}") for number in range(8)]
    world = World(fake, true, rng, channels, people)
    world.outcast = fake.channel(fake.guild("Elsewhere"), "elsewhere")
    return world
