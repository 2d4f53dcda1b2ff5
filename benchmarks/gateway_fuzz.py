"""Whether the bot still answers after events that no Discord should send.

    python -m benchmarks.gateway_fuzz [--events 20000] [--seed 1]

Mutated events (keys dropped, types changed, ids that nobody knows) go to the real discord.py
from the loopback Discord; every thousand an image is posted. The last line is JSON; the exit status
is 1 where a post was not answered once, or the bot had to connect again.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bad_days import write_log
from benchmarks.bad_days_child import settings_of
from benchmarks.bad_days_discord import running, values_for
from benchmarks.bad_days_discord_world import make_world
from benchmarks.discord_process import picture
from bot.discord.gateway import client
from tests.fakes.clock import FakeClock
from tests.fakes.discord import FakeDiscord
from tests.fakes.discord.odd_events import odd_events

#: Events between two posts.
BETWEEN = 1000


def main() -> int:
    """Send, look, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        log = write_log(Path(name) / "log.jsonl")
        found = asyncio.run(storm(Path(name) / "data", arguments.events, arguments.seed))
        log.close()
        found["log_bytes"] = (Path(name) / "log.jsonl").stat().st_size
    found["seconds"] = round(time.perf_counter() - began, 1)
    print(json.dumps(found))
    return 0 if found["holds"] else 1


async def storm(data_dir: Path, events: int, seed: int) -> dict[str, object]:
    """Send events, and post an image now and then; what came of it."""
    client._GUILDS_SECONDS = 0.01  # noqa: SLF001 - nobody waits for servers that are not there
    rng, true = random.Random(seed), FakeClock()
    async with FakeDiscord(clock=true, validate_late=True) as fake:
        world = make_world(fake, true, rng)
        channel, author = world.channels[1], world.people[0]
        posts = []
        async with running(world, settings_of(values_for(fake, data_dir))):
            for sent in range(0, events, BETWEEN):
                count = min(BETWEEN, events - sent)
                for event, data in odd_events(fake, channel, rng, count):
                    fake.gateway.dispatch(event, data, guild=channel.guild)
                await fake.settle(within=120)
                image = picture(len(posts), 96, 64)
                posts.append(await fake.post_message(channel, author, attachments=[image]))
                await fake.settle(within=120)
        answered = [len(fake.replies_to(each)) for each in posts]
        identified = fake.gateway.identified
    return {
        "holds": set(answered) == {1} and identified == 1,
        "events": events,
        "posts": len(posts),
        "answered_once": answered.count(1),
        "sessions": identified,
    }


if __name__ == "__main__":
    sys.exit(main())
