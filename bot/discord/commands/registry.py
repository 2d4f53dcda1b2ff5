"""All commands, and how they are added to a client."""

from datetime import timedelta

from discord.ext import commands

from bot.core import Core
from bot.discord.commands.advise import Adviser
from bot.discord.commands.audit import AuditCommand
from bot.discord.commands.channels import ChannelOverview
from bot.discord.commands.confirmation import ConfirmButton
from bot.discord.commands.digest import DigestCommand
from bot.discord.commands.feature import Feature
from bot.discord.commands.games import GameCommands
from bot.discord.commands.help import Help
from bot.discord.commands.history import HistoryCommand
from bot.discord.commands.leaderboard import Leaderboard, PageButton
from bot.discord.commands.managers import Manage, Managers
from bot.discord.commands.me import PersonalRecord
from bot.discord.commands.meme import Memes
from bot.discord.commands.models import Models
from bot.discord.commands.outcomes import OutcomeCommands
from bot.discord.commands.posters import Posters
from bot.discord.commands.predict import Predictions
from bot.discord.commands.privacy import Privacy
from bot.discord.commands.settings import ChannelSettings
from bot.discord.commands.stats import Statistics
from bot.discord.commands.watch import WatchedChannels
from bot.discord.texts.command_labels import CommandTranslator
from bot.discord.ui.cooldowns import Cooldowns
from bot.discord.ui.error_replies import answer_error
from bot.discord.ui.member_names import MemberNames
from bot.posts.pipeline import Pipeline

#: In the order in which they are added.
FEATURES: tuple[type[Feature], ...] = (
    Predictions,
    Adviser,
    Memes,
    WatchedChannels,
    ChannelOverview,
    ChannelSettings,
    Posters,
    HistoryCommand,
    DigestCommand,
    OutcomeCommands,
    AuditCommand,
    Managers,
    GameCommands,
    Leaderboard,
    PersonalRecord,
    Statistics,
    Models,
    Privacy,
    Help,
)

#: Commands of one person, and of everybody in one channel, within ten seconds.
PER_PERSON, PER_CHANNEL, WITHIN = 5, 20, timedelta(seconds=10)


async def add_commands(
    bot: commands.AutoShardedBot,
    core: Core,
    pipeline: Pipeline,
    *,
    names: MemberNames | None = None,
) -> None:
    """Give the bot its commands, their translations, and the one handler of their errors.

    Args:
        bot: the client, not connected yet.
        core: the data, and what serves predictions.
        pipeline: where posts go.
        names: who can be named on boards; None: only who uses a command.
    """
    names = names or MemberNames(core.people_key)
    await bot.tree.set_translator(CommandTranslator())
    bot.tree.error(answer_error)
    bot.add_dynamic_items(ConfirmButton, PageButton)
    cooldowns = Cooldowns(core.clock, per_person=PER_PERSON, per_channel=PER_CHANNEL, within=WITHIN)
    features = [feature(bot, core, pipeline, cooldowns, names) for feature in FEATURES]
    for feature in features:
        await bot.add_cog(feature)
    (managers,) = (each for each in features if isinstance(each, Managers))
    bot.tree.add_command(Manage(managers, features))
