"""A client that has Peoria's commands and nothing else, on the loopback Discord."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord
import yarl
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.app import App
from bot.core import Core
from bot.discord.commands.registry import add_commands
from bot.discord.gateway.command_sync import sync_commands
from bot.discord.gateway.unseen_channels import close_unseen_channels
from bot.posts.pipeline import Pipeline
from tests.fakes.discord import FakeDiscord


class CommandBot(commands.AutoShardedBot):
    def __init__(self, fake: FakeDiscord, core: Core, pipeline: Pipeline) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, guild_reactions=True)
        super().__init__(command_prefix=(), intents=intents, help_command=None)
        self._connection.guild_ready_timeout = 0.01
        close_unseen_channels(self._connection.parsers, lambda: self._connection.self_id)
        self.fake, self.core, self.pipeline = fake, core, pipeline
        self.told: list[bool] = []

    async def setup_hook(self) -> None:
        await add_commands(self, self.core, self.pipeline)
        self.told.append(await sync_commands(self.tree, self.core.settings.data_dir))

    async def on_ready(self) -> None:
        self.fake.changed()


@asynccontextmanager
async def command_bot(fake: FakeDiscord, app: App) -> AsyncIterator[CommandBot]:
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = fake.api_url, yarl.URL(fake.gateway_url)
    bot = CommandBot(fake, app.core, app.pipeline)
    running = asyncio.create_task(bot.start(fake.token))
    try:
        # A start that fails tells Discord nothing that could be waited for.
        running.add_done_callback(lambda _: fake.changed())
        await fake.until(lambda: bot.is_ready() or running.done(), "ready")
        if running.done():
            await running
        yield bot
    finally:
        await bot.close()
        await asyncio.gather(running, return_exceptions=True)
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before
