"""Whether anything is lost or said twice when the bot is killed or cut off at random points.

    python -m benchmarks.discord_kills [--kills 200] [--cuts 100] [--minutes M] [--seed 1]

The bot runs in a child that is forked from a process which has imported everything, connects to
the loopback Discord, and is killed (SIGKILL) after a random time, or its gateway is cut: abruptly
and resumable, told to reconnect, or with its session forgotten, so that it has to identify again
and events are lost. Images are posted at random moments throughout, also while nobody is there.
For half of the time Discord knows repeated nonces, for the other half it has forgotten them.

At the end every post must have exactly one reply, in Discord and in the database.
"""

import argparse
import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from benchmarks.discord_process import ROOT, environment, load, picture
from tests.fakes.discord import Channel, FakeDiscord, Member, Message

#: Share of bots that are killed after they have connected; others also while they start.
STARTED = 0.8
#: Longest life of a bot before it is killed, and longest wait between two cuts, seconds.
LIFE, BETWEEN = 1.5, 0.5
#: How a gateway is cut, and how often each way is taken. Discord makes who lost a session wait.
WAYS = {"cut and resumable": 4, "asked to reconnect": 4, "cut and forgotten": 2}
#: Seconds between posts: at random, up to this.
PAUSE = 2.0


class Nursery:
    """Forks bots from a process in which everything is imported already."""

    def __init__(self, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.discord_kills", "--nursery"],
            cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        self.bot: int | None = None

    def start(self) -> None:
        """Start a bot."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("start\n")
        self.bot = int(self._process.stdout.readline())

    def kill(self) -> None:
        """Kill the bot, if there is one, and wait until it is gone."""
        if self.bot is None:
            return
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.bot, signal.SIGKILL)
        self._process.stdin.write("wait\n")
        self._process.stdout.readline()
        self.bot = None

    def close(self) -> None:
        self.kill()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def nurse() -> None:
    """The process that forks: a line ``start`` starts a bot, ``wait`` waits for its end."""
    from bot.cli.run import run
    from bot.discord import platform  # noqa: F401 - imported before the forks

    child = 0
    for line in sys.stdin:
        if line == "start\n":
            child = os.fork()
            if not child:
                os.close(0)
                run()
                os._exit(0)
            print(child, flush=True)
        else:
            print(os.waitpid(child, 0)[1], flush=True)


async def main() -> None:
    """Kill, cut, and count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument("--minutes", type=float, help="stop after so long, whatever was done")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nursery", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    console, rng = Console(), random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        data_dir = Path(name) / "data"
        async with FakeDiscord(validate_late=True) as fake:
            guild = fake.guild()
            channel, admin = fake.channel(guild), fake.member(guild, "admin", manage_guild=True)
            people = [fake.member(guild, f"person {n}") for n in range(10)]
            nursery = Nursery(environment(fake, data_dir))
            try:
                nursery.start()
                await fake.ready()
                await fake.slash(admin, channel, "watch")
                posts: list[Message] = []
                posting = asyncio.create_task(post(fake, channel, people, rng, posts))
                began = time.perf_counter()
                happened = await torment(fake, nursery, arguments, rng)
                posting.cancel()
                await recover(fake, nursery, posts, console)
                report(fake, posts, happened, time.perf_counter() - began, data_dir, console)
            finally:
                nursery.close()
            fake.assert_valid()


async def post(
    fake: FakeDiscord, channel: Channel, people: list[Member], rng: random.Random,
    posts: list[Message],
) -> None:  # fmt: skip
    """Post images at random moments, until cancelled."""
    while True:
        data = picture(len(posts), 320, 240)
        posts.append(await fake.post_message(channel, rng.choice(people), attachments=[data]))
        await asyncio.sleep(rng.uniform(0, PAUSE))


async def torment(
    fake: FakeDiscord, nursery: Nursery, arguments: argparse.Namespace, rng: random.Random
) -> Counter[str]:
    """Kill and cut in random order; how often each was done."""
    plan = ["killed"] * arguments.kills + ["cut"] * arguments.cuts
    rng.shuffle(plan)
    happened: Counter[str] = Counter()
    end = time.perf_counter() + 60 * (arguments.minutes or 1e9)
    with Progress(transient=True) as progress:
        for number, what in enumerate(progress.track(plan, description="Killing and cutting")):
            if time.perf_counter() > end:
                break
            fake.nonce_window = timedelta(minutes=5 if number < len(plan) / 2 else 0)
            done = what
            if what == "killed":
                if rng.random() < STARTED:
                    await fake.until(lambda: fake.gateway.connected, "a connection", within=120)
                await asyncio.sleep(rng.uniform(0, LIFE))
                nursery.kill()
                await fake.until(lambda: not fake.gateway.connections, "a death")
                await asyncio.sleep(rng.uniform(0, 0.3))
                nursery.start()
            else:
                await fake.until(lambda: fake.gateway.connected, "a connection", within=120)
                await asyncio.sleep(rng.uniform(0, BETWEEN))
                (done,) = rng.choices([*WAYS], [*WAYS.values()])
                if done == "asked to reconnect":
                    await fake.ask_to_reconnect()
                else:
                    fake.cut_gateway()
                if done == "cut and forgotten":
                    fake.forget_sessions()
            happened[done] += 1
    return happened


async def recover(
    fake: FakeDiscord, nursery: Nursery, posts: list[Message], console: Console
) -> None:
    """Let the bot finish what it has to do, then give it time to say something twice."""
    console.print(f"Left alone with {len(posts)} posts. {load()}")
    try:
        await fake.until(lambda: all(fake.replies_to(each) for each in posts), within=180)
    except AssertionError:
        console.print("Not every post was answered.")
    nursery.kill()
    nursery.start()
    await fake.ready()
    await asyncio.sleep(10)


def report(
    fake: FakeDiscord, posts: list[Message], happened: Counter[str], seconds: float,
    data_dir: Path, console: Console,
) -> None:  # fmt: skip
    """Print what was done and the result."""
    replies = Counter(len(fake.replies_to(each)) for each in posts)
    with contextlib.closing(sqlite3.connect(data_dir / "peoria.db")) as database:
        stored, different = database.execute(
            "SELECT count(*), count(DISTINCT source_id) FROM posts"
        ).fetchone()
        sent = database.execute("SELECT count(*) FROM replies WHERE state = 'sent'").fetchone()[0]
    console.print(f"{sum(happened.values())} interruptions: {dict(happened)}")
    console.print(
        f"{fake.gateway.identified} times identified, {fake.gateway.resumed} times resumed"
    )
    twice = sum(count for replies_, count in replies.items() if replies_ > 1)
    console.print(
        f"{len(posts)} posts; stored: {stored} ({different} different), replies noted: {sent}"
    )
    console.print(f"misses: {replies[0]}, duplicates: {twice}", style="bold")
    console.print(f"{seconds:.0f} s. {load()}")


if __name__ == "__main__":
    if "--nursery" in sys.argv:
        nurse()
    else:
        asyncio.run(main())
