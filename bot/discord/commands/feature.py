"""What every feature's commands stand on."""

from collections.abc import Mapping

import discord
from discord.ext import commands
from sqlalchemy.orm import Session

from bot.audit import Action, Actor
from bot.core import Core
from bot.discord.gateway.guild_options import QUESTIONS_PER_DAY
from bot.discord.gateway.thread_rule import community_of_channel
from bot.discord.texts.lookup import Texts
from bot.discord.ui.cooldowns import Cooldowns
from bot.discord.ui.member_names import MemberNames
from bot.discord.ui.responses import Interaction
from bot.people.identity import hash_person
from bot.posts.pipeline import Pipeline
from storage.queries.communities import find_community
from storage.tables import Community
from storage.types import PlatformName


class Feature(commands.Cog):
    """The commands of one feature.

    Args:
        bot: the client that they are added to.
        core: the data, and what serves predictions.
        pipeline: where posts go.
        cooldowns: shared by all features.
        names: who can be named on boards.
    """

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        core: Core,
        pipeline: Pipeline,
        cooldowns: Cooldowns,
        names: MemberNames,
    ) -> None:
        self.bot = bot
        self.core = core
        self.pipeline = pipeline
        self.cooldowns = cooldowns
        self.names = names
        self._audit = core.audit

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Before every command: not too much at once."""
        self.cooldowns.take(interaction.user.id, interaction.channel_id or 0)
        self.names.remember(interaction.user.id)
        return True

    async def note(
        self,
        interaction: Interaction,
        action: Action,
        *,
        community_id: int | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        """Write into the audit log what the person who asked has changed."""
        user = interaction.user
        actor = Actor(
            PlatformName.DISCORD, str(interaction.guild_id), self.person(user),
            self.names.seal(user.id),
        )  # fmt: skip
        await self._audit.note(actor, action, community_id=community_id, details=details)

    def take_question(self, community: Community | None, person: str) -> None:
        """Before a question about pictures is answered.

        Raises:
            Refused: the person has asked too often in this community today.
        """
        if community is not None:
            most = community.options.get(QUESTIONS_PER_DAY)
            self.cooldowns.take_question(community.id, person, most)

    def person(self, user: discord.abc.User) -> str:
        """The keyed hash by which the database knows a person."""
        return hash_person(self.core.people_key, PlatformName.DISCORD, str(user.id))


def texts_for(interaction: Interaction) -> Texts:
    """The texts in the language of the person who asked."""
    return Texts(interaction.locale)


def community_here(session: Session, interaction: Interaction) -> Community | None:
    """The community of what is posted where something was asked, if there is one."""
    if interaction.channel is None:
        return find_community(session, PlatformName.DISCORD, str(interaction.channel_id))
    return community_of_channel(session, interaction.channel)
