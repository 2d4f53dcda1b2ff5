"""Events as no Discord should send them: keys dropped, types changed, ids that nobody knows."""

import copy
import random
from collections.abc import Iterator
from typing import Any

from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.world import Channel, Payload

#: What a value is changed into.
_STRANGE: tuple[Any, ...] = (
    None, True, -1, 0, 1.5, "", "x", "999999999999999999", "☃" * 50, [], [None], [[]], {},
    {"id": {}},
    [{}], 2**70, "2026-99-99T00:00:00",
)  # fmt: skip
#: Never sent as they are, so that nothing really happens in the world: only mutated.
_EVENTS = (
    "MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK",
    "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE", "MESSAGE_REACTION_REMOVE_ALL",
    "MESSAGE_REACTION_REMOVE_EMOJI", "CHANNEL_UPDATE", "CHANNEL_CREATE", "GUILD_UPDATE",
    "GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_EMOJIS_UPDATE", "THREAD_CREATE",
    "THREAD_UPDATE", "THREAD_LIST_SYNC", "GUILD_MEMBER_UPDATE", "INTERACTION_CREATE",
    "TYPING_START", "CHANNEL_PINS_UPDATE", "INTEGRATION_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE",
    "STAGE_INSTANCE_CREATE", "VOICE_STATE_UPDATE", "AUTO_MODERATION_RULE_CREATE", "NOT_AN_EVENT",
)  # fmt: skip


def odd_events(
    fake: FakeDiscord, channel: Channel, rng: random.Random, count: int
) -> Iterator[tuple[str, Payload]]:
    """Mutated events about a channel and what may be in it.

    Every one names a message that does not exist, and a channel that is not ``channel``: whatever
    the bot makes of them, no real post is touched.
    """
    for number in range(count):
        event = rng.choice(_EVENTS)
        data = _whole(fake, channel, event, number)
        for _ in range(rng.randint(1, 4)):
            data = _mutated(data, rng)
        yield event, data


def _whole(fake: FakeDiscord, channel: Channel, event: str, number: int) -> Payload:
    guild = channel.guild
    assert guild is not None
    author = {"id": "77", "username": "odd", "discriminator": "0", "avatar": None}
    here = str(5_000_000_000_000_000_000 + number)
    somewhere = {"channel_id": str(channel.id + 12345), "guild_id": str(guild.id)}
    emoji = {"id": None, "name": "⬆"}
    if event.startswith("MESSAGE_REACTION"):
        return {**somewhere, "user_id": "77", "message_id": here, "emoji": emoji, "type": 0,
                "burst": False, "member": {"user": author, "roles": [], "flags": 0}}  # fmt: skip
    if event == "MESSAGE_DELETE_BULK":
        return {**somewhere, "ids": [here]}
    if event.startswith("MESSAGE"):
        return {
            **somewhere, "id": here, "author": author, "content": "odd", "type": 0,
            "timestamp": "2026-03-01T12:00:00+00:00", "edited_timestamp": None, "tts": False,
            "mention_everyone": False, "mentions": [], "mention_roles": [], "embeds": [],
            "attachments": [], "pinned": False, "flags": 0, "components": [],
            "member": {"roles": [], "joined_at": None, "flags": 0},
        }  # fmt: skip
    if event.startswith(("CHANNEL", "THREAD")):
        return {
            **somewhere, "id": here, "type": 11 if event.startswith("THREAD") else 0,
            "name": "odd", "position": 0, "permission_overwrites": [], "parent_id": None,
            "owner_id": "77", "message_count": 0, "member_count": 0, "threads": [], "members": [],
            "thread_metadata": {"archived": False, "auto_archive_duration": 60, "locked": False,
                                "archive_timestamp": "2026-03-01T12:00:00+00:00"},
        }  # fmt: skip
    if event == "GUILD_UPDATE":
        payload: Payload = copy.deepcopy(guild.created(fake.bot))
        return {**payload, "id": str(guild.id + 99)}
    if event.startswith("GUILD_ROLE"):
        return {"guild_id": str(guild.id), "role": {"id": here, "name": "odd", "permissions": "0"}}
    return {**somewhere, "id": here, "type": 2, "user": author, "user_id": "77", "token": "odd",
            "application_id": str(fake.application_id), "version": 1, "data": {}, "emojis": [emoji],
            "member": {"user": author, "roles": []}}  # fmt: skip


def _mutated(data: Payload, rng: random.Random) -> Payload:
    """A copy with one key dropped, changed or added, at the top or one level below."""
    changed = copy.deepcopy(data)
    inner = [each for each in changed.values() if isinstance(each, dict) and each]
    target = rng.choice([changed, changed, *inner])
    if target and rng.random() < 0.4:
        del target[rng.choice([*target])]
    elif target:
        target[rng.choice([*target])] = copy.deepcopy(rng.choice(_STRANGE))
    else:
        target["odd"] = rng.choice(_STRANGE)
    return changed
