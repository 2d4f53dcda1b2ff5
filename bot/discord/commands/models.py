"""`/retrain` and `/model`: learning from the votes, and choosing which version serves."""

import asyncio
import logging

import discord
from discord import app_commands
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Action
from bot.discord.commands.confirmation import ConfirmFirst
from bot.discord.commands.feature import texts_for
from bot.discord.texts.command_labels import label
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape
from bot.discord.texts.skill import skill_words
from bot.discord.ui.error_replies import Refused
from bot.discord.ui.responses import Interaction, defer, respond
from bot.servers import (
    change_server,
    find_server,
    has_own_head,
    request_of,
    server_of_request,
    set_own_head,
)
from bot.training.versions import (
    list_versions,
    own_head_speaks,
    promote,
    rollback,
    run_of_version,
    servers_of_versions,
)
from storage.tables import ModelVersion, Server, TrainingRun
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: Versions that are listed; there may be hundreds.
_LISTED = 10
_CHOICES = 25
_LONGEST_NAME = 64
_LONGEST_REASON = 600


class Models(ConfirmFirst):
    """Training, and which model version serves."""

    def __init__(self, *services: object) -> None:
        super().__init__(*services)  # type: ignore[arg-type]
        self._waiting: set[asyncio.Task[None]] = set()

    async def cog_unload(self) -> None:
        """Stop waiting for training runs; they go on by themselves."""
        for task in self._waiting:
            task.cancel()

    @app_commands.command(name="retrain", description=label("retrain.about"))
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def retrain(self, interaction: Interaction) -> None:
        """Have a training run started, and answer again when it has ended."""
        await defer(interaction, ephemeral=False)
        await self._check_may_choose(interaction)
        texts = texts_for(interaction)
        asked = await self.core.training.start_or_join(asked_by="discord")
        await self.note(interaction, Action.RETRAIN)
        await respond(interaction, texts("retrain.joined" if asked.joined else "retrain.started"))
        task = asyncio.create_task(self._follow(interaction, asked.run_id))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _follow(self, interaction: Interaction, run_id: int) -> None:
        texts = texts_for(interaction)
        run = await self.core.training.wait_for(run_id)
        async with self.core.database.read() as session:
            made = (
                await session.get(ModelVersion, run.model_version_id)
                if run.model_version_id is not None
                else None
            )
        words = ended(texts, run, made.name if made else "")
        async with self.core.database.read() as session:
            server = await find_server(session, PlatformName.DISCORD, str(interaction.guild_id))
        if made is not None and server is not None and server.model_version_id == made.id:
            words = texts("model.here_serves", name=_name(made))
        try:
            await interaction.followup.send(words)
        except discord.HTTPException:
            # An answer may be added for 15 minutes; a run may take longer.
            await self._tell_later(interaction, f"{texts('retrain.gone')} {words}")

    async def _tell_later(self, interaction: Interaction, words: str) -> None:
        try:
            await interaction.user.send(words)
        except discord.HTTPException as error:
            log.info("The person who asked for a training run could not be reached: %s", error)

    model = app_commands.Group(
        name="model",
        description=label("model.about"),
        default_permissions=discord.Permissions(manage_guild=True),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        allowed_contexts=app_commands.AppCommandContext(
            guild=True, dm_channel=False, private_channel=False
        ),
    )

    @model.command(name="versions", description=label("model.versions"))
    async def versions(self, interaction: Interaction) -> None:
        """List the newest versions that may serve here, and the one that serves."""
        await defer(interaction, ephemeral=True)
        texts = texts_for(interaction)
        newest = await self._for(str(interaction.guild_id))
        lines = [_line(texts, each) for each in newest[:_LISTED]]
        lines += [_line(texts, each) for each in newest[_LISTED:] if each.is_champion]
        if len(newest) > len(lines):
            lines.append(texts("model.more", n=texts.number(len(newest) - len(lines))))
        embed = discord.Embed(title=texts("model.heading"), description="\n".join(lines))
        await respond(interaction, embed=embed)

    @model.command(name="promote", description=label("model.promote"))
    @app_commands.describe(version=label("model.version"))
    async def promote(
        self, interaction: Interaction, version: app_commands.Range[str, 1, _LONGEST_NAME]
    ) -> None:
        """Ask whether another version is to serve."""
        await defer(interaction, ephemeral=True)
        await self._check_may_choose(interaction)
        texts = texts_for(interaction)
        async with self.core.database.read() as session:
            champion = await _champion(session)
            wanted = await session.scalar(select(ModelVersion).filter_by(name=version))
            run = None if wanted is None else await run_of_version(session, wanted)
        if wanted is None or wanted.dropped_at is not None:
            raise Refused("model.unknown", name=escape(version, _LONGEST_NAME))
        if run is not None and server_of_request(run.asked_by) is not None:
            raise Refused("model.of_another", name=_name(wanted))
        if wanted.id == champion.id:
            raise Refused("model.serves_already", name=escape(version, _LONGEST_NAME))
        question = texts("model.ask_promote", name=_name(wanted), champion=_name(champion))
        await self.ask(interaction, question, what="promote", about=f"{champion.id}-{wanted.id}")

    @promote.autocomplete("version")
    async def _choices(self, _: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await self._offered(typed, server_id=None)

    async def _offered(
        self, typed: str, *, server_id: str | None
    ) -> list[app_commands.Choice[str]]:
        """Versions that are not champion and whose name holds what somebody typed.

        Args:
            typed: part of a name.
            server_id: the server that they are to serve; None: all, so that what learned from the
                votes of one server alone is left out. That of another server always is.
        """
        wanted = typed.strip().casefold()
        found = [
            each.name
            for each in await self._for(server_id)
            if not each.is_champion and each.dropped_at is None and wanted in each.name.casefold()
        ]
        return [app_commands.Choice(name=name, value=name) for name in found[:_CHOICES]]

    async def _for(self, server_id: str | None) -> list[ModelVersion]:
        """Versions that may serve one server, or (None) all, the newest first.

        What learned from the votes of another server alone is nobody's here to know of.
        """
        may_serve = (None, None if server_id is None else (PlatformName.DISCORD, server_id))
        async with self.core.database.read() as session:
            learned = await servers_of_versions(session)
        found = await list_versions(self.core.database)
        return [each for each in reversed(found) if learned.get(each.id) in may_serve]

    @model.command(name="here", description=label("model.here"))
    @app_commands.describe(
        version=label("model.here_version"),
        champion=label("model.here_champion"),
        keep_labels=label("model.here_keep_labels"),
        train=label("model.here_train"),
        own=label("model.here_own"),
    )
    async def here(
        self,
        interaction: Interaction,
        version: app_commands.Range[str, 1, _LONGEST_NAME] | None = None,
        champion: bool = False,
        keep_labels: bool | None = None,
        train: bool = False,
        own: bool | None = None,
    ) -> None:
        """Show or change which version serves this server alone, and whom its labels teach."""
        await defer(interaction, ephemeral=True)
        texts, server_id = texts_for(interaction), str(interaction.guild_id)
        if train:
            await self._train_here(interaction, texts, server_id)
            return
        if own:
            # Each retraining then takes the machine's time once more.
            await self._check_may_choose(interaction)
        wanted = None if version is None else await self._usable(version, server_id)

        def change(server: Server) -> None:
            if champion or wanted is not None:
                server.model_version_id = None if wanted is None else wanted.id
            if keep_labels is not None:
                server.keeps_labels = keep_labels
            if own is not None:
                set_own_head(server, is_on=own)

        is_changed = champion or wanted is not None or keep_labels is not None or own is not None
        if is_changed:
            await change_server(self.core.database, PlatformName.DISCORD, server_id, change)
            details = {
                "version": version, "champion": champion or None, "keep_labels": keep_labels,
                "own": own,
            }  # fmt: skip
            await self.note(interaction, Action.MODEL_HERE, details=details)
        async with self.core.database.read() as session:
            server = await find_server(session, PlatformName.DISCORD, server_id)
            serves = await _champion(session)
            if server is not None and server.model_version_id is not None:
                chosen = await session.get_one(ModelVersion, server.model_version_id)
                # After a switch of the backbone the champion serves again.
                serves = chosen if chosen.backbone == serves.backbone else serves
            speaks = server is not None and await own_head_speaks(session, server)
        key = "model.here_champion_serves" if serves.is_champion else "model.here_serves"
        keeps = server is not None and server.keeps_labels
        lines = [
            texts(key, name=_name(serves)),
            texts("model.here_keeps" if keeps else "model.here_shares"),
        ]
        if has_own_head(server):
            lines.append(texts("model.here_own_speaks" if speaks else "model.here_own_waits"))
        await respond(interaction, "\n".join(lines))

    @here.autocomplete("version")
    async def _choices_here(
        self, interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        return await self._offered(typed, server_id=str(interaction.guild_id))

    async def _train_here(self, interaction: Interaction, texts: Texts, server_id: str) -> None:
        """Fit a version on this server's labels alone; it serves here if it is better here."""
        await self._check_may_choose(interaction)
        asked_by = request_of(PlatformName.DISCORD, server_id)
        asked = await self.core.training.start_or_join(asked_by=asked_by)
        if asked.joined:
            raise Refused("model.here_busy")
        await self.note(interaction, Action.RETRAIN, details={"": asked_by})
        await respond(interaction, texts("model.here_training"))
        task = asyncio.create_task(self._follow(interaction, asked.run_id))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _usable(self, version: str, server_id: str) -> ModelVersion:
        """A version that can serve one server beside the champion.

        Raises:
            Refused: there is no such version; or it was fitted on another backbone: the images of
                posts are embedded with the champion's; or on the labels of another server alone.
        """
        async with self.core.database.read() as session:
            champion = await _champion(session)
            wanted = await session.scalar(select(ModelVersion).filter_by(name=version))
            run = None if wanted is None else await run_of_version(session, wanted)
        if wanted is None or wanted.dropped_at is not None:
            raise Refused("model.unknown", name=escape(version, _LONGEST_NAME))
        of_server = None if run is None else server_of_request(run.asked_by)
        if of_server not in (None, (PlatformName.DISCORD, server_id)):
            raise Refused("model.of_another", name=escape(version, _LONGEST_NAME))
        if wanted.backbone != champion.backbone:
            raise Refused("model.other_backbone", name=escape(version, _LONGEST_NAME))
        return wanted

    @model.command(name="rollback", description=label("model.rollback"))
    async def rollback(self, interaction: Interaction) -> None:
        """Ask whether the version that was replaced is to serve again."""
        await defer(interaction, ephemeral=True)
        await self._check_may_choose(interaction)
        texts = texts_for(interaction)
        async with self.core.database.read() as session:
            champion = await _champion(session)
            before = (
                await session.get(ModelVersion, champion.replaced_id)
                if champion.replaced_id is not None
                else None
            )
        if before is None:
            raise Refused("model.nothing_before")
        question = texts("model.ask_rollback", name=_name(before), champion=_name(champion))
        await self.ask(interaction, question, what="rollback", about=f"{champion.id}-{before.id}")

    async def confirmed(self, interaction: Interaction, what: str, about: str) -> None:
        """Let the version serve that was asked about, if the same one serves as then."""
        await self._check_may_choose(interaction)
        texts = texts_for(interaction)
        champion_id, wanted_id = (int(number) for number in about.split("-"))
        async with self.core.database.read() as session:
            champion = await _champion(session)
            wanted = await session.get_one(ModelVersion, wanted_id)
        if champion.id != champion_id:
            await respond(interaction, texts("model.changed_meanwhile", champion=_name(champion)))
            return
        database, folder = self.core.database, self.core.settings.versions_dir
        if what == "rollback":
            await rollback(database, folder, self.core.clock())
        else:
            await promote(database, folder, wanted.name, self.core.clock())
        action = Action.ROLLBACK if what == "rollback" else Action.PROMOTE
        await self.note(interaction, action, details={"": wanted.name})
        log.info("%s serves, chosen on Discord in server %s.", wanted.name, interaction.guild_id)
        key = "model.rolled_back" if what == "rollback" else "model.promoted"
        await respond(interaction, texts(key, name=_name(wanted)))

    async def _check_may_choose(self, interaction: Interaction) -> None:
        """One model serves every server: it is the owner's, who may let some servers choose it.

        Raises:
            Refused: it is neither the owner, or one of the owner's team, nor such a server.
        """
        if str(interaction.guild_id) in self.core.settings.discord_model_servers:
            return
        if not await self.bot.is_owner(interaction.user):
            raise Refused("model.not_yours")


def ended(texts: Texts, run: TrainingRun, version: str) -> str:
    """The result of a training run, in words."""
    reason = escape(run.reason or "", _LONGEST_REASON)
    return texts(
        f"retrain.{run.state.value}", version=escape(version, _LONGEST_NAME), reason=reason
    )


async def _champion(session: AsyncSession) -> ModelVersion:
    champion = await session.scalar(select(ModelVersion).where(ModelVersion.is_champion))
    if champion is None:
        raise Refused("error.no_model")
    return champion


def _name(version: ModelVersion) -> str:
    return escape(version.name, _LONGEST_NAME)


def _line(texts: Texts, version: ModelVersion) -> str:
    line = texts(
        "model.line_champion" if version.is_champion else "model.line",
        # In a code span nothing is markup, and a name has no backtick.
        name=version.name,
        labels=texts.count("count.labels", version.labels),
        date=discord.utils.format_dt(version.created_at, "d"),
    )
    skill = version.metrics.get("rps_skill")
    if isinstance(skill, int | float):
        line += texts("model.line_skill", skill=skill_words(texts, skill))
    return line
