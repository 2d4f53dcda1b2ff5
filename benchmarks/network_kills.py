"""Whether anything is said twice or never on a network when Peoria is killed at random moments.

    python -m benchmarks.network_kills [lemmy|mastodon|bluesky] [--kills 40] [--seed 1]

Peoria runs in a child that is forked from a process which has imported everything, looks at a
loopback server of the network, and is killed (SIGKILL) after a random time. Pictures are posted at
random moments throughout, and people ask under others; each is to be answered once. On Bluesky
nobody is answered who does not ask.
"""

import argparse
import asyncio
import contextlib
import random
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from benchmarks.discord_kills import Nursery
from benchmarks.discord_process import environment, load
from tests.fakes import bluesky, lemmy, mastodon
from tests.fakes.discord import FakeDiscord

#: Share of processes that are killed around a request that writes an answer, and how long after it
#: at most, seconds; others are killed at any moment of their first seconds, also while they start.
WRITING, AFTER, LIFE = 0.7, 0.15, 5.0
#: Longest pause between two posts, seconds.
PAUSE = 8.0
#: How long what is left may take: a claim of an answer ends after a minute.
PATIENCE = 240.0


@dataclass(frozen=True)
class Network:
    """A loopback server, and the settings of a Peoria that looks at it.

    Attributes:
        requests: methods and paths of what the server was asked so far.
        add: somebody posts, and perhaps asks; returns what counts the answers to it.
    """

    settings: dict[str, str]
    requests: Sequence[tuple[str, str]]
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
            server.requests,
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
            server.requests,
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
            server.requests,
            add,
        )


NETWORKS = {"lemmy": on_lemmy, "mastodon": on_mastodon, "bluesky": on_bluesky}


async def main() -> None:
    """Kill, and count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=", ".join(NETWORKS))
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for name in arguments.networks or NETWORKS:
        await torment(name, arguments.kills, random.Random(arguments.seed))


async def torment(name: str, kills: int, rng: random.Random) -> None:
    """Kill Peoria on one network, let it finish, and print what came of it."""
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        async with NETWORKS[name]() as network:
            nothing = FakeDiscord()
            env = environment(nothing, data_dir, **network.settings)
            env = {key: value for key, value in env.items() if "DISCORD" not in key}
            nursery = Nursery(env | {f"PEORIA_{name.upper()}_POLL_SECONDS": "15"})
            answers: list[Callable[[], int]] = []
            posting = asyncio.create_task(post(network, answers, rng))
            began, around = time.perf_counter(), 0
            try:
                with Progress(transient=True) as progress:
                    for _ in progress.track(range(kills), description=f"Killing on {name}"):
                        known = written(network)
                        await asyncio.to_thread(nursery.start)
                        if rng.random() < WRITING:
                            await until(lambda: written(network) > known, within=30)  # noqa: B023
                            around += written(network) > known
                            await asyncio.sleep(rng.uniform(0, AFTER))
                        else:
                            await asyncio.sleep(rng.uniform(0, LIFE))
                        await asyncio.to_thread(nursery.kill)
                posting.cancel()
                await asyncio.to_thread(nursery.start)
                await until(lambda: all(each() for each in answers), within=PATIENCE)
                # Time to say something twice: longer than the claim of an answer.
                await asyncio.sleep(75)
            finally:
                posting.cancel()
                nursery.close()
            counts = Counter(each() for each in answers)
            twice = sum(count for said, count in counts.items() if said > 1)
            console.print(
                f"{name}: {kills} kills, {around} around an answer; {len(answers)} to answer"
            )
            console.print(f"misses: {counts[0]}, duplicates: {twice}", style="bold")
            console.print(f"stored: {stored(data_dir)}")
            console.print(f"{time.perf_counter() - began:.0f} s. {load()}")


def written(network: Network) -> int:
    """How many requests wrote an answer."""
    ends = ("/comment", "/statuses", "putRecord")
    return sum(method == "POST" and path.endswith(ends) for method, path in network.requests)


async def until(is_so: Callable[[], bool], *, within: float) -> None:
    """Wait for something, so many seconds at most."""
    end = time.perf_counter() + within
    while not is_so() and time.perf_counter() < end:  # noqa: ASYNC110 - nothing tells it
        await asyncio.sleep(0.01)


async def post(network: Network, answers: list[Callable[[], int]], rng: random.Random) -> None:
    """Somebody posts at random moments, until this is cancelled."""
    while True:
        answers.append(network.add(len(answers)))
        await asyncio.sleep(rng.uniform(0, PAUSE))


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
    asyncio.run(main())
