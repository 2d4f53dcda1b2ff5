"""`/duel`, "Guess the score" in a message's menu, and `/games`: what else is played."""

import re
from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from bot.discord.commands.feature import Feature, community_here, texts_for
from bot.discord.commands.guild_scope import communities_of
from bot.discord.commands.render_board import signed
from bot.discord.games.may_play import check_may_play, in_their_language
from bot.discord.games.run_games import Games
from bot.discord.games.score_form import ScoreForm
from bot.discord.gateway.answers import judging_answers
from bot.discord.gateway.channels import PostChannel
from bot.discord.gateway.guild_options import GUESSES_PER_DAY, place_of
from bot.discord.gateway.post_rules import is_ignored
from bot.discord.gateway.told_channel import missing_to_tell
from bot.discord.gateway.visibility import may_be_shown, readers_of
from bot.discord.texts.command_labels import label
from bot.discord.texts.lookup import Texts
from bot.discord.texts.reasons import permission_name
from bot.discord.ui.error_replies import Refused
from bot.discord.ui.responses import Interaction, defer, respond
from bot.league.duels import DuelPlayer, DuelRefused, duel_players, newest_pair, open_duel
from bot.league.guesses import GuessRefused, takes_guesses
from bot.league.score_guesses import (
    ScorePlayer,
    bots_intervals,
    place_score_guess,
    score_players,
)
from bot.people.nicknames import nickname
from bot.people.sealed_ids import keep_id
from storage.engine.scopes import ITS_ROWS
from storage.queries.communities import find_author
from storage.tables import Community, Post, Reply
from storage.types import PlatformName, ReplyMode

#: A message by its link, or its id alone.
_MESSAGE = re.compile(r"(?:https?://\S+/)?(\d{15,20})/?")
#: What `DuelRefused` says, by the text that says the same.
_DUEL_REFUSALS = {
    "same_post": "duel.same_post",
    "not_here": "duel.not_here",
    "closed": "duel.closed_already",
    "had": "duel.had",
    "too_many": "duel.too_many",
}
#: People on a board.
_ROWS = 10
#: Scored intervals that it takes to be on the board of numbers.
_LEAST_INTERVALS = 3


class GameCommands(Feature):
    """Beginning a duel, naming a score, and the boards of both."""

    def __init__(self, *services: Any) -> None:
        super().__init__(*services)
        # discord.py takes no context menu declared inside a cog: it is added by hand.
        self._menu = app_commands.ContextMenu(
            name=label("score.menu"),
            callback=self._ask_for_score,
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=False, private_channel=False
            ),
        )

    async def cog_load(self) -> None:
        """Offer the menu entry."""
        self.bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Take the menu entry back."""
        self.bot.tree.remove_command(self._menu.name, type=self._menu.type)

    @app_commands.command(name="duel", description=label("duel.about"))
    @app_commands.describe(first=label("duel.first"), second=label("duel.second"))
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def duel(self, interaction: Interaction, first: str = "", second: str = "") -> None:
        """Ask everybody here which of two posts will have the higher score."""
        await defer(interaction, ephemeral=True)
        texts, channel = texts_for(interaction), interaction.channel
        community, posts = await self.core.database.run_read(
            lambda session: self._pair(session, interaction, first, second)
        )
        games = self.bot.get_cog(Games.__name__)
        if not isinstance(channel, PostChannel) or not isinstance(games, Games):
            raise Refused("duel.nowhere")
        self._check_duels(interaction, texts, community, channel)
        if len(posts) < 2:
            raise Refused("duel.not_here" if first or second else "duel.no_pair")
        try:
            duel = await open_duel(
                self.core.database, posts, place=str(channel.id), now=self.core.clock()
            )
        except DuelRefused as refusal:
            raise Refused(_DUEL_REFUSALS[str(refusal)]) from refusal
        with judging_answers():
            link = await games.duels.send(channel, duel.id, look=False)
        await respond(interaction, texts("duel.opened", link=link or ""))

    def _pair(
        self, session: Session, interaction: Interaction, first: str, second: str
    ) -> tuple[Community | None, Sequence[int]]:
        """The community where a duel is asked for, and the posts that are meant."""
        community = community_here(session, interaction)
        if community is None:
            return None, ()
        if not first and not second:
            return community, newest_pair(session, community.id, self.core.clock())
        posts = [_post_of(session, each) for each in (first, second) if each]
        return community, [
            each.id for each in posts if each is not None and each.community_id == community.id
        ]

    def _check_duels(
        self,
        interaction: Interaction,
        texts: Texts,
        community: Community | None,
        channel: PostChannel,
    ) -> None:
        """Refuse a duel where there are none, or of who is left out."""
        if community is None or not community.watched:
            raise Refused("duel.nowhere")
        if community.reply_mode is ReplyMode.SILENT or community.paused_at is not None:
            raise Refused("duel.silent")
        roles = [each.id for each in getattr(interaction.user, "roles", ())]
        if is_ignored(community.options, self.person(interaction.user), roles):
            raise Refused("guess.left_out")
        if missing := missing_to_tell(channel):
            names = ", ".join(permission_name(texts, each) for each in missing)
            raise Refused("duel.missing", permissions=names)

    async def _ask_for_score(self, interaction: Interaction, message: discord.Message) -> None:
        """The menu entry: a form for the score of a post."""
        await self.interaction_check(interaction)
        now = self.core.clock()

        def find(session: Session) -> tuple[Post | None, bool]:
            post = _post_of(session, str(message.id))
            return post, post is not None and takes_guesses(session, post, now)

        post, is_open = await self.core.database.run_read(find)
        if post is None or place_of(post) != str(interaction.channel_id):
            raise Refused("score.no_post")
        check_may_play(interaction.user, post, self.person(interaction.user))
        if not is_open:
            raise Refused("guess.closed")

        async def taken(submitted: Interaction, low: float, high: float) -> None:
            await self._take_score(submitted, post, low, high)

        await interaction.response.send_modal(ScoreForm(texts_for(interaction), taken))

    async def _take_score(
        self, interaction: Interaction, post: Post, low: float, high: float
    ) -> None:
        await defer(interaction, ephemeral=True)
        texts, person = texts_for(interaction), self.person(interaction.user)
        most = post.community.options.get(GUESSES_PER_DAY)
        try:
            await place_score_guess(
                self.core.database, post.id, platform=PlatformName.DISCORD, person=person, low=low,
                high=high, now=self.core.clock(), is_bot=interaction.user.bot, most_a_day=most,
            )  # fmt: skip
        except GuessRefused as refusal:
            raise in_their_language(refusal, most=most) from refusal
        async with self.core.database.write(alone_in=ITS_ROWS) as session:
            sealed = self.names.seal(interaction.user.id)
            await session.run_sync(keep_id, PlatformName.DISCORD, person, sealed)
        closes_at = post.guessing_closed_at
        when = "" if closes_at is None else discord.utils.format_dt(closes_at, "R")
        low_text, high_text = _score(texts, low), _score(texts, high)
        await respond(interaction, texts("score.placed", low=low_text, high=high_text, when=when))

    @app_commands.command(name="games", description=label("games.about"))
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def games(self, interaction: Interaction) -> None:
        """Who is best in duels and at scores on this server."""
        await defer(interaction, ephemeral=False)
        texts, person = texts_for(interaction), self.person(interaction.user)
        # Everybody in the channel reads it.
        readers = readers_of(interaction, private=False)
        async with self.core.database.read() as session:
            found = await communities_of(session, interaction.guild_id or 0)
        here = [each.id for each in found if may_be_shown(readers, int(each.source_id))]

        def read(session: Session) -> tuple[list[DuelPlayer], list[ScorePlayer], list[str]]:
            author = find_author(session, PlatformName.DISCORD, person)
            mine: list[str] = []
            if author is not None:
                you = texts("leaderboard.you")
                duelist = duel_players(session, community_ids=here, author_id=author.id, limit=1)
                player = score_players(session, here, author_id=author.id, limit=1)
                mine = [
                    *(_duel_line(texts, you, each) for each in duelist),
                    *(_score_line(texts, you, each) for each in player),
                ]
            scores = score_players(session, here, least=_LEAST_INTERVALS, limit=_ROWS)
            bot = bots_intervals(session, here)
            return (
                duel_players(session, community_ids=here, limit=_ROWS),
                [*scores, *([bot] if bot is not None and scores else [])],
                mine,
            )

        duels, scores, mine = await self.core.database.run_read(read)
        embed = discord.Embed(title=texts("games.heading"))
        for key, lines in (
            ("duels", [_duel_line(texts, self._name(each), each) for each in duels]),
            ("scores", [_score_line(texts, self._name(each), each) for each in scores]),
            ("you", mine),
        ):
            value = "\n".join(lines) or texts(f"games.no_{key}")
            embed.add_field(name=texts(f"games.{key}"), value=value, inline=False)
        embed.set_footer(text=texts("games.least", n=_LEAST_INTERVALS))
        await respond(interaction, embed=embed)

    def _name(self, player: DuelPlayer | ScorePlayer) -> str:
        if player.person is None:
            return self.bot.user.mention if self.bot.user is not None else ""
        # Whoever guessed here plays here, and is called by their name.
        return self.names.mention(player.person, player.sealed) or nickname(player.person)


def _post_of(session: Session, text: str) -> Post | None:
    """The post that a message is, or that it is the reply to; None: it is neither.

    Args:
        text: the message's link or id.
    """
    match = _MESSAGE.fullmatch(text.strip())
    if match is None:
        return None
    query = select(Post).options(joinedload(Post.community))
    of_message = {"platform": PlatformName.DISCORD, "source_id": match[1]}
    found: Post | None = session.scalar(query.filter_by(**of_message))
    if found is None:
        # Asked by itself: in one question with the other, every post would be read.
        replied = select(Reply.post_id).where(Reply.source_id == match[1])
        found = session.scalar(
            query.filter_by(platform=PlatformName.DISCORD).where(Post.id.in_(replied)).limit(1)
        )
    return found


def _duel_line(texts: Texts, name: str, player: DuelPlayer) -> str:
    return texts(
        "games.duel_line", name=name, points=signed(texts, player.points),
        hits=texts.number(player.hits), n=texts.number(player.n),
    )  # fmt: skip


def _score_line(texts: Texts, name: str, player: ScorePlayer) -> str:
    share = texts.percent(abs(player.skill))
    key = "games.score_line" if player.skill >= 0 else "games.score_line_worse"
    crps = texts.number(player.crps, 1)
    return texts.count(key, player.n, name=name, share=share, crps=crps)


def _score(texts: Texts, score: float) -> str:
    return texts.number(score, 0 if score == round(score) else 1)
