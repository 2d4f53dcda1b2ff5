"""What the digests of many servers cost that are all due at the same minute.

    python -m benchmarks.discord_digests [--servers 1000]

The bot is a process of its own; the loopback Discord is this one, and enforces five messages in
five seconds a channel. Each server has a watched channel with six posts whose scores became final
in the week, and guesses of three people on each. Printed are how many digests were sent, the
processor time of the bot from a moment before they were due until the last was sent, how long that
took, the most requests within a second (Discord takes 50 of a bot), and answers of 429.
"""

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from rich.console import Console
from sqlalchemy import insert, select

from benchmarks.discord_burst import MESSAGES, SEND, WITHIN
from benchmarks.discord_process import environment, load, peoria, picture
from bot.core import open_core
from bot.settings import Settings
from storage.engine.core_tables import table_of
from storage.tables import (
    Author,
    Community,
    Digest,
    Guess,
    Image,
    Label,
    ModelVersion,
    Post,
    Prediction,
)
from storage.types import Bucket, PlatformName, PostOrigin, PostState
from tests.fakes.discord import FakeDiscord, Message

POSTS, PEOPLE, PICTURES = 6, 3, 20
BUCKETS = (Bucket.LOW, Bucket.MEDIUM, Bucket.HIGH)
#: Seconds from the bot's start until the digests are due: by then it has seen to its channels.
START = 45.0


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--servers", type=int, default=1000)
    servers = parser.parse_args().servers
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with FakeDiscord(validate_late=True) as fake:
            fake.limit(SEND, MESSAGES, WITHIN)
            posts = [await _server(fake, number) for number in range(servers)]
            due_at = datetime.now(UTC) + timedelta(seconds=START + servers / 50)
            await _fill(folder, posts, due_at)
            # A training run that begins meanwhile is no part of a digest's cost.
            env = environment(fake, folder, PEORIA_RETRAIN_MIN_NEW_LABELS="1000000")
            async with peoria(fake, env) as process:
                await asyncio.sleep((due_at - datetime.now(UTC)).total_seconds() - 2)
                before = len(fake.requests)
                worked, began = _cpu(process), time.perf_counter()
                await fake.until(
                    lambda: len(fake.asked(SEND)) >= servers, "every digest", within=900
                )
                took, worked = time.perf_counter() - began, _cpu(process) - worked
            asked = fake.requests[before:]
            seconds = Counter(int(each.at) for each in asked)
            sent = sum(each.status == 200 for each in fake.asked(SEND))
            limited = sum(each.status == 429 for each in asked)
            fake.assert_valid()
    console.print(
        f"{sent} of {servers} digests in {took:.0f} s, {worked:.1f} s of processor time in the bot;"
        f" {len(asked)} requests, at most {max(seconds.values())} in a second, {limited} answers of"
        f" 429. {load()}"
    )


async def _server(fake: FakeDiscord, number: int) -> list[Message]:
    guild = fake.guild(f"server {number}")
    channel = fake.channel(guild, "memes")
    ann = fake.member(guild, f"ann {number}")
    return [
        await fake.post_message(channel, ann, content=f"meme {number}.{each}")
        for each in range(POSTS)
    ]


async def _fill(folder: Path, servers: list[list[Message]], due_at: datetime) -> None:
    """What a week leaves in the tables."""
    settings = Settings(_env_file=None, data_dir=folder)
    final = due_at - timedelta(days=1)
    async with open_core(settings) as core:
        hashes = [await asyncio.to_thread(core.images.put, picture(n)) for n in range(PICTURES)]
        rows: dict[type, list[dict[str, object]]] = {
            each: [] for each in (Community, Author, Image, Post, Label, Prediction, Guess, Digest)
        }
        rows[Image] = [
            {
                "id": n + 1, "sha256": each, "format": "JPEG", "bytes": 1, "width": 640,
                "height": 480, "phash": "0" * 16, "stored_at": final,
            }
            for n, each in enumerate(hashes)
        ]  # fmt: skip
        async with core.database.read() as session:
            version = (await session.scalars(select(ModelVersion.id))).first()
        for number, messages in enumerate(servers, start=1):
            _server_rows(rows, number, messages, version, final, due_at)
        async with core.database.write() as session:
            for table, values in rows.items():
                await session.execute(insert(table_of(table)), values)


def _server_rows(
    rows: dict[type, list[dict[str, object]]],
    number: int,
    messages: list[Message],
    version: object,
    final: datetime,
    due_at: datetime,
) -> None:
    channel = messages[0].channel
    assert channel.guild is not None
    guild, discord = str(channel.guild.id), PlatformName.DISCORD
    rows[Community].append({
        "id": number, "platform": discord, "source_id": str(channel.id), "name": "#memes",
        "created_at": final, "options": {"guild": guild}, "watched": True,
        "high_water": str(messages[-1].id),
    })  # fmt: skip
    people = [number * 10 + each for each in range(PEOPLE)]
    rows[Author] += [{"id": each, "platform": discord, "hash": f"{each:064x}"} for each in people]
    for place, message in enumerate(messages):
        post, bucket = number * 10 + place, BUCKETS[place % 3]
        rows[Post].append({
            "id": post, "community_id": number, "platform": discord,
            "source_id": str(message.id), "author_id": people[0], "origin": PostOrigin.LIVE,
            "title": message.content, "link": f"https://discord.com/channels/{guild}/{message.id}",
            "posted_at": final, "seen_at": final, "predicted_at": final,
            "state": PostState.LABELLED, "silent": False, "tries": 0,
        })  # fmt: skip
        rows[Label].append({
            "post_id": post, "community_id": number, "score": float(place), "bucket": bucket,
            "percentile_low": 0.1 * place, "percentile_high": 0.1 * place + 0.1,
            "matured_at": final, "written_at": final,
        })  # fmt: skip
        rows[Prediction].append({
            "id": post, "post_id": post, "model_version_id": version,
            "image_id": post % PICTURES + 1, "made_at": final, "bins": [0.1] * 10, "p_low": 0.2,
            "p_medium": 0.3, "p_high": 0.5, "quantiles": "none", "latency_ms": 1.0,
            "scored_at": final, "log_score": 1.0, "rps": 0.2, "brier": 0.5, "points": 1.0,
            "base_rate": 0.33, "base_rps": 0.2, "base_log_score": 1.0,
        })  # fmt: skip
        rows[Guess] += [
            {
                "post_id": post, "author_id": each, "bucket": bucket, "guessed_at": final,
                "blind": True, "points": 1.0, "base_rate": 0.5,
            }
            for each in people
        ]  # fmt: skip
    rows[Digest].append({
        "platform": discord, "server": guild, "channel": str(channel.id), "weekday": 0,
        "minute": 0, "time_zone": "UTC", "due_at": due_at, "tries": 0,
    })  # fmt: skip


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    asyncio.run(main())
