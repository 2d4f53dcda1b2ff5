"""What people, Discord and the clock of the machine do on bad days."""

import json
from datetime import timedelta
from typing import Any

from benchmarks.bad_days_discord_world import (
    CUSTOM,
    CUSTOM_ID,
    DELETE,
    EDIT,
    FETCH,
    HIDDEN,
    HORIZON,
    SECRET,
    SEND,
    VOTES,
    Posted,
    World,
)
from benchmarks.bad_days_tally import Tally
from benchmarks.discord_process import picture
from bot.app import App
from bot.communities import change_community, watch_community
from bot.discord.gateway.answers import Verdict, judge
from bot.discord.gateway.guild_options import GUILD, UPVOTE
from bot.platform import CommunityRef
from storage.queries.communities import find_community
from storage.types import PlatformName
from tests.fakes.discord import Channel, Upload
from tests.fakes.discord.documented_answers import BY_CODE, BY_STATUS
from tests.fakes.discord.faults import Action, Moment, cut, error, rate_limited

#: Proof that a message or its channel is gone: nothing is to be done about it.
GONE = (10003, 10008)
#: What people ask.
ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("help", {}),
    ("leaderboard", {"board": "posts", "where": "everywhere"}),
    ("leaderboard", {"board": "channels", "where": "everywhere", "season": "all"}),
    ("stats", {"where": "everywhere"}),
    ("export-me", {}),
)


async def watch(world: World, app: App, channel: Channel) -> bool:
    """What /watch does; return whether the channel was not watched."""
    assert channel.guild is not None
    _, new = await watch_community(
        app.core.database,
        PlatformName.DISCORD,
        CommunityRef(str(channel.id), channel.name, horizon_seconds=HORIZON),
        now=world.true(),
        high_water=None,
        options={GUILD: str(channel.guild.id)},
    )
    return new


async def post(world: World, tally: Tally) -> None:
    """Somebody posts an image, and some people vote on it."""
    rng, fake = world.rng, world.fake
    channel = rng.choice([each for each in world.channels if each.id not in world.hidden_until])
    author = rng.choice(world.people)
    number, spoiler = len(world.posts), rng.random() < 0.1
    image = Upload(picture(number, 96, 64), "SPOILER_it.jpg" if spoiler else "it.jpg")
    title = f"||{HIDDEN} {number}||" if spoiler else f"post {number}"
    message = await fake.post_message(channel, author, content=title, attachments=[image])
    votes = world.votes.get(channel.id, VOTES[0])
    voters = [each for each in world.people if each is not author and rng.random() < 0.4]
    for voter in voters:
        await fake.react(voter, message, rng.choice(votes))
    world.posts.append(
        Posted(
            message, channel, len(voters), world.true(), spoiler=spoiler,
            custom=votes is VOTES[-1],
        )
    )  # fmt: skip
    tally.posts.wanted += 1


async def change_votes(world: World, app: App, tally: Tally) -> None:
    """An admin has people vote with something else, while earlier posts wait or are unread."""
    channel = world.rng.choice(world.channels)
    async with app.core.database.read() as session:
        community = await session.run_sync(find_community, PlatformName.DISCORD, str(channel.id))
    assert community is not None
    votes = world.rng.choice(VOTES)
    if votes is VOTES[-1]:
        upvote = CUSTOM
        world.channels[0].guild.emojis[CUSTOM_ID] = "yes"
    else:
        upvote = world.rng.choice(votes)
    world.votes[channel.id] = votes
    await change_community(
        app.core.database, community.id, now=world.true(), options={UPVOTE: upvote}
    )
    tally.happened["votes changed"] += 1


async def throw_out_or_invite(world: World, app: App, tally: Tally) -> None:
    """The bot is thrown out of a server, or invited again: then it is silent until `/watch`."""
    fake, channel = world.fake, world.outcast
    assert channel is not None
    assert channel.guild is not None
    if not channel.guild.has_bot:
        fake.invite_bot(channel.guild)
        await fake.settle()
        world.unheard.append(
            await fake.post_message(
                channel, channel.guild.owner, attachments=[picture(10**6 + len(world.unheard))]
            )
        )
        tally.happened["invited again"] += 1
        return
    await watch(world, app, channel)
    fake.remove_bot(channel.guild)
    tally.happened["thrown out"] += 1


async def go_wrong(world: World, tally: Tally) -> None:
    """One of the things that happen on bad days."""
    rng, fake = world.rng, world.fake
    channel = rng.choice(world.channels)
    what = rng.choice(("request",) * 9 + ("gateway", "hide", "clock", "emoji", "nothing"))
    if what == "request":
        what = break_request(world, channel)
    elif what == "gateway":
        fake.cut_gateway()
    elif what == "emoji":
        # Who votes with it from now on has no label; no label is wrong.
        channel.guild.emojis.pop(CUSTOM_ID, None)
    elif what == "clock":
        world.wrong_by = rng.choice((0.0, 3600.0, -3600.0, 86400.0, -45.0, 0.0))
    elif what == "hide" and may_be_hidden(world, channel):
        await fake.settle()
        world.shown_until[channel.id] = world.true() + timedelta(hours=12)
        world.hidden_until[channel.id] = world.true() + timedelta(hours=rng.choice((1, 2)))
        fake.permit(channel, fake.bot, view_channel=False)
    tally.happened[what] += 1


def may_be_hidden(world: World, channel: Channel) -> bool:
    """Not for so long, or so soon again, that no score could be read in time."""
    now = world.true()
    return len(world.hidden_until) < 2 and world.shown_until.get(channel.id, now) <= now


def break_request(world: World, channel: Channel) -> str:
    """Have one of the next requests about a channel fail; return how."""
    rng = world.rng
    kind = rng.random()
    if kind < 0.05:
        step = rng.choice((SEND, EDIT))
        return _fail_once(world, channel, step, rate_limited(0.05), "rate limit")
    if kind < 0.1:
        step = rng.choice((SEND, f"after {SEND}", EDIT, f"after {EDIT}"))
        return _fail_once(world, channel, step, cut(), "cut")
    if not world.answers:
        world.answers = [*BY_CODE, *BY_STATUS]
        rng.shuffle(world.answers)
    status, code = world.answers.pop()
    verdict = judge(status, code)
    step, times = rng.choice((SEND, EDIT, FETCH, DELETE)), 1
    if verdict is Verdict.FINAL:
        # The reply stays as it is, and nothing else does.
        step = EDIT
        if code in GONE:
            return "nothing"
    elif verdict is Verdict.LATER and status < 500:
        # A try a step: more of them would be hours.
        times = rng.randint(1, 2)
    elif verdict is Verdict.OURS:
        # A post has a few tries, and none of them is to meet another of these.
        if world.true() < world.calm_from.get((channel.id, step), world.true()):
            return "nothing"
        world.calm_from[channel.id, step] = world.true() + timedelta(hours=4)
    what = f"answer {verdict.name.lower()}"
    return _fail_once(world, channel, step, error(status, code), what, times=times)


def _fail_once(
    world: World, channel: Channel, step: str, action: Action, what: str, *, times: int = 1
) -> str:
    """Have a request about a channel fail, unless one of its kind will anyway; return how."""

    def here(moment: Moment) -> bool:
        return moment.request is not None and f"/channels/{channel.id}/" in moment.request.path

    waiting = world.pending.get((channel.id, step))
    if waiting is not None and waiting.left:
        return "nothing"
    world.pending[channel.id, step] = world.fake.on(step, action, times=times, when=here)
    return what


async def delete(world: World, posted: Posted, tally: Tally) -> None:
    """Somebody deletes their post, while it waits for its score."""
    age = (world.true() - posted.at).total_seconds()
    if posted.deleted or age > HORIZON / 2 or posted.channel.id in world.hidden_until:
        return
    posted.deleted = True
    tally.deletions.wanted += 1
    await world.fake.delete_message(posted.message)


async def ask(world: World, tally: Tally) -> None:
    """Somebody asks for something; no answer names the channel for few."""
    rng = world.rng
    here = [each for each in world.channels[:-1] if each.id not in world.hidden_until]
    name, options = rng.choice(ASKED)
    tally.answers.wanted += 1
    try:
        asked = await world.fake.slash(rng.choice(world.people), rng.choice(here), name, **options)
    except AssertionError as wrong:
        tally.fault(tally.answers, "missed", f"/{name}: {wrong}")
        return
    if not asked.messages:
        tally.fault(tally.answers, "missed", f"/{name} was answered with nothing")
    said = json.dumps([[each.content, each.embeds] for each in asked.messages])
    if SECRET in said or SECRET.replace("-", "\\\\-") in said:
        tally.faults.append(f"/{name} names a channel that the asker cannot see")
