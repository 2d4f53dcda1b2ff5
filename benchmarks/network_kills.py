"""Whether anything is said twice or never on a network when Peoria is killed around an answer.

    python -m benchmarks.network_kills [lemmy|mastodon|bluesky] [--kills 4] [--seed 1]

Peoria runs in a child that is forked from a process which has imported everything, looks at a
loopback server of the network, and is killed (SIGKILL) with one of the first answers that it
writes: in turns right before it is sent, when it is claimed, and right after, when it is not noted.
Pictures are posted before each start, and people ask under others; each is to be answered once. On
Bluesky nobody is answered who does not ask.
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
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks.discord_process import ROOT, environment, load
from bot.networks.network import Network as AnyNetwork
from bot.networks.network import Place
from tests.fakes import bluesky, lemmy, mastodon
from tests.fakes.discord import FakeDiscord

#: Posts before each start, and the answer with which the process is killed at the latest.
POSTS, LATEST = 2, 2
#: How long a process may live that is to be killed, and what is left may take, seconds: a claim of
#: an answer ends after a minute.
LIFE, PATIENCE = 120.0, 240.0


@dataclass(frozen=True)
class Network:
    """A loopback server, and the settings of a Peoria that looks at it.

    Attributes:
        add: somebody posts, and perhaps asks; returns what counts the answers to it.
    """

    settings: dict[str, str]
    add: Callable[[int], Callable[[], int]]


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@asynccontextmanager
async def on_lemmy() -> AsyncIterator[Network]:
    """Posts of a community."""
    server = lemmy.FakeLemmy(now)

    def add(number: int) -> Callable[[], int]:
        post_id = server.post(f"Title {number}", author=f"ann{number}")["post"]["id"]
        return lambda: len(server.own(post_id))

    async with lemmy.serving(server):
        yield Network(
            {
                "PEORIA_LEMMY_INSTANCE": server.origin,
                "PEORIA_LEMMY_USERNAME": lemmy.server.ME,
                "PEORIA_LEMMY_PASSWORD": lemmy.server.PASSWORD,
                "PEORIA_LEMMY_COMMUNITIES": "memes@lemmy.world",
                "PEORIA_LEMMY_REPLY": "on",
                "PEORIA_LEMMY_REPLIES_PER_HOUR": "1000",
            },
            add,
        )


@asynccontextmanager
async def on_mastodon() -> AsyncIterator[Network]:
    """Posts with a hashtag, and questions under posts without."""
    server = mastodon.FakeMastodon(now)

    def add(number: int) -> Callable[[], int]:
        if number % 2:
            above = server.post(f"Title {number}", author=f"ann{number}")["id"]
        else:
            other = server.write("A dog", author=f"dora{number}", images=1)["id"]
            asked = f"@{mastodon.server.ME}"
            above = server.write(asked, author=f"bob{number}", above=other)["id"]
        return lambda: len(server.own(above))

    async with mastodon.serving(server):
        yield Network(
            {
                "PEORIA_MASTODON_INSTANCE": server.origin,
                "PEORIA_MASTODON_TOKEN": mastodon.server.TOKEN,
                "PEORIA_MASTODON_WATCH": "#cats",
                "PEORIA_MASTODON_REPLY": "on",
                "PEORIA_MASTODON_REPLIES_PER_HOUR": "1000",
            },
            add,
        )


@asynccontextmanager
async def on_bluesky() -> AsyncIterator[Network]:
    """Questions under posts."""
    server = bluesky.FakeBluesky(now)

    def add(number: int) -> Callable[[], int]:
        other = server.post("A dog", author=f"dora{number}")
        asked = server.post(
            "@peoria.test", author=f"bob{number}", images=0, above=other, reason="mention"
        )
        return lambda: len(server.own(asked))

    async with bluesky.serving(server):
        yield Network(
            {
                "PEORIA_BLUESKY_SERVICE": server.origin,
                "PEORIA_BLUESKY_HANDLE": bluesky.server.HANDLE,
                "PEORIA_BLUESKY_PASSWORD": bluesky.server.PASSWORD,
                "PEORIA_BLUESKY_REPLY": "asked",
            },
            add,
        )


NETWORKS = {"lemmy": on_lemmy, "mastodon": on_mastodon, "bluesky": on_bluesky}


class Nursery:
    """Forks processes from one in which everything is imported already."""

    def __init__(self, name: str, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.network_kills", "--nursery", name],
            cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip

    def start(self, moment: str, number: int) -> int:
        """Start Peoria; its process id.

        Args:
            moment: when it is killed, ``before`` or ``after`` an answer is sent; or ``never``.
            number: which answer of this process that is.
        """
        return int(self._told(f"start {moment} {number}"))

    def ended(self) -> bool:
        """Whether the process has ended; how does not matter."""
        return self._told("ended") == "True"

    def close(self) -> None:
        """End the process that forks; the one that it forked has to be ended before."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _told(self, wanted: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{wanted}\n")
        return self._process.stdout.readline().strip()


def nurse(name: str) -> None:
    """The process that forks: does what each line asks for, and answers with a line."""
    from bot.bluesky.network import BlueskyNetwork
    from bot.cli.run import run
    from bot.lemmy.network import LemmyNetwork
    from bot.mastodon.network import MastodonNetwork

    kinds = {"lemmy": LemmyNetwork, "mastodon": MastodonNetwork, "bluesky": BlueskyNetwork}
    child = 0
    for line in sys.stdin:
        match line.split():
            case ["start", moment, number]:
                child = os.fork()
                if not child:
                    os.close(0)
                    os.dup2(2, 1)
                    if moment != "never":
                        die_with_an_answer(kinds[name], moment, int(number))
                    run()
                    os._exit(0)
                print(child, flush=True)
            case _:
                print(os.waitpid(child, os.WNOHANG) != (0, 0), flush=True)


def die_with_an_answer(kind: type[AnyNetwork], moment: str, number: int) -> None:
    """Have this process killed right before or after it sends one of its answers."""
    write, sent = kind.write, iter(range(1, number))

    async def die(self: AnyNetwork, place: Place, text: str) -> str:
        is_last = next(sent, None) is None
        if is_last and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer_id = await write(self, place, text)
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer_id

    kind.write = die  # type: ignore[method-assign]


async def main() -> None:
    """Kill, and count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=", ".join(NETWORKS))
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for name in arguments.networks or NETWORKS:
        await torment(name, arguments.kills, random.Random(arguments.seed))


async def torment(name: str, kills: int, rng: random.Random) -> None:
    """Kill Peoria on one network, let it finish, and print what came of it."""
    console, began = Console(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        async with NETWORKS[name]() as network:
            env = environment(FakeDiscord(), data_dir, **network.settings)
            env = {key: value for key, value in env.items() if "DISCORD" not in key}
            nursery = Nursery(name, env | {f"PEORIA_{name.upper()}_POLL_SECONDS": "10"})
            answers: list[Callable[[], int]] = []
            killed: Counter[str] = Counter()
            process = 0
            try:
                for number in range(kills):
                    for _ in range(POSTS):
                        answers.append(network.add(len(answers)))
                    moment = ("before", "after")[number % 2]
                    process = await asyncio.to_thread(nursery.start, moment, rng.randint(1, LATEST))
                    if await until(nursery.ended, within=LIFE):
                        killed[moment] += 1
                    else:
                        end(process)
                        await until(nursery.ended, within=LIFE)
                process = await asyncio.to_thread(nursery.start, "never", 0)
                await until(lambda: all(each() for each in answers), within=PATIENCE)
                # Time to say something twice: longer than the claim of an answer.
                await asyncio.sleep(75)
            finally:
                end(process)
                nursery.close()
            counts = Counter(each() for each in answers)
            twice = sum(count for said, count in counts.items() if said > 1)
            console.print(f"{name}: killed {dict(killed)}; {len(answers)} to be answered")
            console.print(f"misses: {counts[0]}, duplicates: {twice}", style="bold")
            console.print(f"stored: {stored(data_dir)}")
            console.print(f"{time.perf_counter() - began:.0f} s. {load()}")


def end(process: int) -> None:
    """Kill a process, if there is one and it lives."""
    if process:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


async def until(is_so: Callable[[], bool], *, within: float) -> bool:
    """Wait for something, so many seconds at most; whether it came."""
    end_at = time.perf_counter() + within
    while not (came := is_so()) and time.perf_counter() < end_at:  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.1)
    return came


def stored(data_dir: Path) -> str:
    """How answers ended, as the database has it."""
    with contextlib.closing(sqlite3.connect(data_dir / "peoria.db")) as database:
        return ", ".join(
            f"{count} {what} {state}"
            for what, table in (("replies", "replies"), ("messages", "inbox_items"))
            for state, count in database.execute(
                f"SELECT state, count(*) FROM {table} GROUP BY 1 ORDER BY 1"  # noqa: S608
            )
        )


if __name__ == "__main__":
    if "--nursery" in sys.argv:
        nurse(sys.argv[-1])
    else:
        asyncio.run(main())
