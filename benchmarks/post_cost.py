"""What one post costs from its arrival to its reply: transactions, statements, processor time.

    python -m benchmarks.post_cost [--posts 200] [--at-once 1]

Posts come one after the other, or so many at the same moment, each with a picture of 640 x 480
pixels, to a platform that answers at once; what Discord or Reddit adds is not in the figures. Then
the attributes of their pictures are read, which no reply waits for. At last the forecast alone is
measured beside what it was before communities had experts: the head asked once, nothing read of
the community.
"""

import argparse
import asyncio
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

# As `main.py run` has it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import psutil
from rich.console import Console
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from benchmarks.discord_process import load, picture
from bot.app import App, build
from bot.core import open_core
from bot.platform import CommunityRef, IncomingPost
from bot.runtime.clock import now
from bot.serving.experts import ask_experts, read_standing
from bot.settings import Settings
from models.author_record import AuthorRecord
from models.experts import mix
from models.features import PostFacts, Record
from storage.types import PlatformName
from tests.fakes.platform import FakePlatform

#: Posts that go before, so that nothing is done for the first time.
WARM = 20
COMMUNITIES, AUTHORS = 10, 7


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posts", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=1)
    arguments = parser.parse_args()
    count, at_once = arguments.posts, arguments.at_once
    counted: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        # In threads: it is this process whose time is measured.
        settings = Settings(  # type: ignore[call-arg]
            _env_file=None, data_dir=Path(name), silent_share=0, picture_processes=0
        )
        async with open_core(settings) as core:
            app = build(core)
            app.platforms[PlatformName.REDDIT] = FakePlatform(core.clock)
            await core.serving.warm_up()
            pictures = [picture(number) for number in range(WARM + count)]
            for number in range(WARM):
                await post(app, number, pictures[number])
            await describe(app)
            event.listen(Engine, "begin", _counter(counted, "transactions"))
            event.listen(Engine, "before_cursor_execute", _counter(counted, "statements"))
            loop, whole, database = time.thread_time(), time.process_time(), _database_seconds()
            for first in range(WARM, WARM + count, at_once):
                numbers = range(first, min(first + at_once, WARM + count))
                await asyncio.gather(*(post(app, each, pictures[each]) for each in numbers))
            loop, whole = time.thread_time() - loop, time.process_time() - whole
            database = _database_seconds() - database
            asked = counted.copy()
            described = time.process_time()
            await describe(app)
            described = time.process_time() - described
            alone, experts = await forecast_times(app, count)
    Console().print(
        f"{count} posts, {at_once} at once, each: {asked['transactions'] / count:.1f} transactions,"
        f" {asked['statements'] / count:.1f} statements, {loop / count * 1000:.1f} ms of the"
        f" event loop's processor time, {database / count * 1000:.1f} ms of the database's threads,"
        f" {whole / count * 1000:.1f} ms of all threads'; its"
        f" attributes after the reply: {described / count * 1000:.1f} ms. {load()}"
    )
    Console().print(
        f"The forecast alone, fastest of {count} by turns: {alone:.2f} ms from the head,"
        f" {experts:.2f} ms from the experts with the community's account:"
        f" {experts - alone:+.2f} ms, {experts / alone:.2f} times as much."
    )


async def forecast_times(app: App, count: int) -> tuple[float, float]:
    """Milliseconds of processor time of a forecast by the head alone, and by the experts."""
    core = app.core
    champion = await core.serving.champion()
    embedded = await core.serving.embed(picture(0), champion.backbone)
    embedding = embedded.embedding[np.newaxis]
    facts = PostFacts("Title 0", now(), None, AuthorRecord.empty(), Record.empty())

    def measure(session: Session) -> tuple[float, float]:
        alone, experts = [], []
        for _ in range(count):
            begun = time.thread_time()
            champion.head.predict(embedding, [facts])
            between = time.thread_time()
            said = ask_experts(champion.head, embedding, [facts], blank=[embedded.blank])
            standing = read_standing(session, 1)
            mix(
                standing.account, said.bins[0],
                reserved=standing.reserved, waiting=standing.waiting,
            )  # fmt: skip
            experts.append(time.thread_time() - between)
            alone.append(between - begun)
        return min(alone) * 1000, min(experts) * 1000

    return await core.database.run_read(measure)


async def post(app: App, number: int, data: bytes) -> None:
    """One post, all the way to its reply."""
    community = f"c{number % COMMUNITIES}"
    incoming = IncomingPost(
        CommunityRef(community, community), f"p{number}", f"a{number % AUTHORS}", f"Title {number}",
        now(), [data],
    )  # fmt: skip
    post_id = await app.pipeline.accept(PlatformName.REDDIT, incoming)
    assert post_id is not None
    await app.pipeline.advance(post_id)


async def describe(app: App) -> None:
    """Read the attributes of all pictures that have none yet."""
    while await app.jobs.read_attributes():
        pass


def _database_seconds() -> float:
    """Processor time of the threads that transactions on SQLite run on, so far."""
    theirs = {each.native_id for each in threading.enumerate() if each.name.startswith("database")}
    threads = psutil.Process().threads()
    return sum(each.user_time + each.system_time for each in threads if each.id in theirs)


def _counter(counted: Counter[str], what: str) -> Callable[..., None]:
    def count(*_: object) -> None:
        counted[what] += 1

    return count


if __name__ == "__main__":
    asyncio.run(main())
