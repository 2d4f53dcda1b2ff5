from discord.ext import commands

from bot.discord.gateway.client import Client


class First(commands.Cog):
    def __init__(self, ended: list[str]) -> None:
        self._ended = ended

    async def cog_unload(self) -> None:
        self._ended.append(type(self).__name__)


class Second(First):
    async def cog_unload(self) -> None:
        await super().cog_unload()
        raise ConnectionRefusedError


async def test_cogs_end_from_the_last_to_the_first_and_one_that_fails_keeps_none() -> None:
    ended: list[str] = []
    async with Client(message_content=False, shards=None, gateway_url=None) as client:
        await client.add_cog(First(ended))
        await client.add_cog(Second(ended))
    assert ended == ["Second", "First"]
