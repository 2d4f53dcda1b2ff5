"""Whether a digest or a message with outcomes is lost or said twice when the bot is killed with it.

    python -m benchmarks.discord_message_kills [--servers 8] [--kills 4]

Digests and outcomes of a few servers are due at once. The bot is a process of its own, and is
killed (SIGKILL) with the first message that it sends: before Discord has it, after, and so on.
Discord knows no nonce any more. A bot that is left alone then has to send what is missing; what a
dead one had claimed it may look for after two minutes. At the end each server must have one digest,
and one message with its outcomes.
"""

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from rich.console import Console
from sqlalchemy import insert, update

from benchmarks.discord_burst import SEND
from benchmarks.discord_digests import _fill, _server
from benchmarks.discord_process import environment, load, peoria
from bot.core import open_core
from bot.settings import Settings
from storage.engine.core_tables import table_of
from storage.tables import Label, OutcomeFeed
from storage.types import PlatformName
from tests.fakes.discord import FakeDiscord, Message
from tests.fakes.discord.faults import Moment, answer

#: Seconds within which everything is sent after the last kill, and in which nothing may follow.
PATIENCE, QUIET = 300.0, 45.0


async def main() -> None:
    """Kill, and count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--servers", type=int, default=8)
    parser.add_argument("--kills", type=int, default=4, help="each takes two minutes")
    arguments = parser.parse_args()
    servers = arguments.servers
    console, began = Console(), time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        async with FakeDiscord(validate_late=True) as fake:
            fake.nonce_window = timedelta(0)
            posts = [await _server(fake, number) for number in range(servers)]
            await _fill(Path(name), posts, datetime.now(UTC))
            await _tell_outcomes(Path(name), posts)
            env = environment(fake, Path(name), PEORIA_RETRAIN_MIN_NEW_LABELS="1000000")
            for number in range(arguments.kills):
                await _killed(fake, env, is_kept=number % 2 == 1)
            async with peoria(fake, env):
                done = {(place, kind): 1 for place in range(servers) for kind in (True, False)}
                try:
                    await fake.until(lambda: not done.keys() - _told(fake, posts).keys(),
                                     "every message", within=PATIENCE)  # fmt: skip
                finally:
                    await asyncio.sleep(QUIET)
            told = _told(fake, posts)
            fake.assert_valid()
    lost = len(done.keys() - told.keys())
    console.print(
        f"{servers} servers, killed {arguments.kills} times with a message under way:"
        f" {sum(told.values())} messages, {lost} missing,"
        f" {sum(count - 1 for count in told.values())} said twice;"
        f" {time.perf_counter() - began:.0f} s. {load()}"
    )


async def _killed(fake: FakeDiscord, env: dict[str, str], *, is_kept: bool) -> None:
    """A bot that dies with the first message that it sends."""
    async with peoria(fake, env) as process:

        def kill(_: Moment) -> web.Response | None:
            process.kill()
            return None if is_kept else answer(503, {"message": "no", "code": 0})

        hook = fake.on(SEND, kill)
        async with asyncio.timeout(PATIENCE):
            await hook.reached.wait()
        await fake.until(lambda: not fake.gateway.connections, "a death")
        hook.remove()


async def _tell_outcomes(folder: Path, servers: list[list[Message]]) -> None:
    """Have each server told of outcomes that were written a minute ago."""
    written = datetime.now(UTC) - timedelta(minutes=1)
    feeds = [
        {
            "platform": PlatformName.DISCORD, "server": str(messages[0].channel.guild.id),  # type: ignore[union-attr]
            "channel": str(messages[0].channel.id), "told_until": written - timedelta(minutes=1),
            "due_at": written, "season": f"{written:%Y-%m}", "tries": 0,
        }
        for messages in servers
    ]  # fmt: skip
    settings = Settings(_env_file=None, data_dir=folder)
    async with open_core(settings) as core, core.database.write() as session:
        await session.execute(update(Label).values(written_at=written))
        await session.execute(insert(table_of(OutcomeFeed)), feeds)


def _told(fake: FakeDiscord, servers: list[list[Message]]) -> Counter[tuple[int, bool]]:
    """How often each server was told each kind: a digest, or outcomes."""
    return Counter(
        (place, "The week here" in message.text)
        for place, messages in enumerate(servers)
        for message in fake.messages(messages[0].channel)
        if message.author.user is fake.bot
    )


if __name__ == "__main__":
    asyncio.run(main())
