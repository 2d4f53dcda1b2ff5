"""One session with Discord: a client, what listens over it, and what is sent over it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core import Core
from bot.discord.commands.registry import add_commands
from bot.discord.digests.run_digests import Digests
from bot.discord.events.backfill import Backfill
from bot.discord.events.categories import CategoryListener
from bot.discord.events.closed_replies import ClosedReplies
from bot.discord.events.genres import GenreListener
from bot.discord.events.guesses import GuessListener
from bot.discord.events.messages import MessageListener
from bot.discord.events.reactions import ReactionListener
from bot.discord.events.removals import RemovalListener
from bot.discord.games.duel_buttons import DuelButton
from bot.discord.games.run_games import Games
from bot.discord.gateway.client import Client
from bot.discord.gateway.identify_turns import IdentifyTurns
from bot.discord.history.run_imports import HistoryImports
from bot.discord.messages.edit_reply import ReplyEditor
from bot.discord.messages.high_water import HighWater
from bot.discord.messages.reaction_votes import ReactionVotes
from bot.discord.messages.score_reader import ScoreReader
from bot.discord.messages.send_reply import ReplySender
from bot.discord.outcomes.tell_outcomes import OutcomeTeller
from bot.discord.ui.cooldowns import Cooldowns
from bot.discord.ui.genre_select import GenreSelect
from bot.discord.ui.guess_buttons import GuessButton
from bot.discord.ui.member_names import MemberNames
from bot.posts.pipeline import Pipeline
from bot.runtime.shards import Shards

#: Button presses of one person, and of everybody in one channel, within 30 seconds.
_PER_PERSON, _PER_CHANNEL, _WITHIN = 10, 120, timedelta(seconds=30)


class SessionState:
    """What is remembered from one session to the next, in memory only."""

    def __init__(self, core: Core) -> None:
        self.names = MemberNames(core.people_key)
        self.cooldowns = Cooldowns(
            core.clock, per_person=_PER_PERSON, per_channel=_PER_CHANNEL, within=_WITHIN
        )
        self.high_water = HighWater(core.database)
        self.votes = ReactionVotes()


@dataclass(frozen=True, slots=True)
class Session:
    """A client, and what the platform does over it."""

    client: Client
    sender: ReplySender
    editor: ReplyEditor
    scores: ScoreReader
    reactions: ReactionListener
    closed_replies: ClosedReplies


@asynccontextmanager
async def open_session(
    core: Core,
    pipeline: Pipeline,
    state: SessionState,
    *,
    shards: Shards | None,
    message_content: bool,
    heard: Callable[[datetime], Awaitable[None]],
    before_writing: Callable[[], None],
) -> AsyncIterator[Session]:
    """A client with all its listeners and commands, not logged in yet; closed with the block."""
    async with Client(
        message_content=message_content,
        shards=shards,
        gateway_url=core.settings.discord_gateway_url,
        heard=heard,
        before_writing=before_writing,
        turn=IdentifyTurns(core.database).wait,
    ) as client:
        editor = ReplyEditor(client, core, state.names)
        messages = MessageListener(
            client,
            core,
            pipeline,
            state.votes,
            state.high_water,
            message_content=message_content,
        )
        reactions = ReactionListener(core, state.votes)
        closed_replies = ClosedReplies(core, editor)
        client.add_dynamic_items(GuessButton, GenreSelect, DuelButton)
        for listener in (
            messages,
            reactions,
            Backfill(client, core, messages, state.votes, state.high_water),
            RemovalListener(client, core, pipeline),
            CategoryListener(client, core),
            HistoryImports(client, core),
            Digests(client, core, state.names),
            OutcomeTeller(client, core, state.names),
            Games(client, core, state.names, state.cooldowns),
            GuessListener(core, state.names, state.cooldowns),
            GenreListener(core, state.names, state.cooldowns),
            closed_replies,
        ):
            await client.add_cog(listener)
        await add_commands(client, core, pipeline, names=state.names)
        scores = ScoreReader(client, core, state.votes)
        try:
            yield Session(
                client=client,
                sender=ReplySender(client, core),
                editor=editor,
                scores=scores,
                reactions=reactions,
                closed_replies=closed_replies,
            )
        finally:
            await scores.stop()
