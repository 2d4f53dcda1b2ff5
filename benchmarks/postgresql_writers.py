"""Several processes write posts and labels into one PostgreSQL database that is some way off.

    .ci/with-postgresql .venv/bin/python -m benchmarks.postgresql_writers [--short] [--delay-ms 5]

Each writer is a process of its own with the pipeline that the bot has: a post is stored, predicted
and replied to, one after the other, each process in two communities. The image's embedding is known
and the platform answers at once, so that the database is what is waited for: every statement takes
``--delay-ms`` more, there and back (`benchmarks.slow_network`). One, two and four processes write
with one lock for all writers, as it was, and with scopes (`storage.engine.scopes`).

Then one process, and two, write the labels of one community, whose sums are the same few rows for
all: with the delay and without. All sums are worked out anew afterwards, and must be the same.

The last line is JSON; the exit status is 1 where four processes write less than 2.5 times what one
does, where fewer than 50 labels a second are written without delay, or where a sum is not right.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing as mp
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy import func, make_url, select
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.discord_process import load, picture
from benchmarks.slow_network import far_away
from bot.app import App, build
from bot.core import open_core
from bot.labels.collect import LabelCollector
from bot.league.rebuild import rebuild
from bot.league.seasons import season_of
from bot.platform import CommunityRef, IncomingPost
from bot.runtime.clock import now
from bot.settings import Settings
from storage.engine import database as engine
from storage.engine.postgresql import take_scopes
from storage.engine.scopes import EVERYTHING, Scopes
from storage.queries.posts import load_posts
from storage.tables import DailyScore, Label, Standing
from storage.types import PlatformName
from tests.fakes.platform import FakePlatform
from tests.fixtures import postgresql

PROCESSES = (1, 2, 4)
BAR, LABEL_BAR = 2.5, 50.0
HORIZON = 7200


def main() -> int:
    """Measure, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="a few seconds each, for CI")
    parser.add_argument("--delay-ms", type=float, default=5.0)
    arguments = parser.parse_args()
    seconds, labels = (3.0, 60) if arguments.short else (10.0, 300)
    with tempfile.TemporaryDirectory() as name, postgresql.made_database() as url:
        port = make_url(url).port or 5432
        with far_away(port, arguments.delay_ms) as slow:
            far = make_url(url).set(port=slow).render_as_string(hide_password=False)
            posts = _posts(Path(name) / "data", url, far, seconds)
            found = {"delay_ms": arguments.delay_ms, "posts_a_second": posts}
            found["labels_a_second"] = asyncio.run(_labels(Path(name) / "data", url, far, labels))
    scopes = posts["scopes"]
    found["four_to_one"] = round(scopes["4"] / scopes["1"], 2)
    found["holds"] = (
        found["four_to_one"] >= BAR
        and found["labels_a_second"]["near, 1 process"] >= LABEL_BAR
        and found["labels_a_second"]["sums_are_right"]
    )
    print(load())
    print(json.dumps(found))
    return 0 if found["holds"] else 1


def _settings(data_dir: Path, url: str) -> Settings:
    own = {"data_dir": data_dir, "database_url": url, "silent_share": 0, "scores_to_compare": 1}
    return Settings(_env_file=None).model_copy(update=own)  # type: ignore[call-arg]


def _posts(data_dir: Path, url: str, far: str, seconds: float) -> dict[str, dict[str, float]]:
    """Posts a second by how writers wait for each other, and by how many processes write."""
    asyncio.run(_first_start(data_dir, url))
    context = mp.get_context("spawn")
    with contextlib.ExitStack() as stack:
        writers = []
        for number in range(max(PROCESSES)):
            here, there = context.Pipe()
            process = context.Process(target=_writer, args=(there, number, data_dir, far))
            process.start()
            stack.callback(process.join)
            # Before it is waited for.
            stack.callback(here.send, None)
            writers.append(here)
        for each in writers:
            each.recv()
        found: dict[str, dict[str, float]] = {"one_lock": {}, "scopes": {}}
        for count in PROCESSES:
            # By turns: what else the machine does meanwhile meets both.
            for mode, rates in found.items():
                for each in writers[:count]:
                    each.send((mode, seconds))
                rates[str(count)] = round(sum(each.recv() for each in writers[:count]), 2)
                print(f"{mode}, {count} processes: {rates[str(count)]} posts a second", flush=True)
    return found


async def _first_start(data_dir: Path, url: str) -> None:
    async with open_core(_settings(data_dir, url)):
        pass


def _writer(orders: Connection, number: int, data_dir: Path, url: str) -> None:
    asyncio.run(_write(orders, number, data_dir, url))


async def _write(orders: Connection, number: int, data_dir: Path, url: str) -> None:
    async with open_core(_settings(data_dir, url)) as core:
        app = await _app(core)
        done = 0

        async def post() -> None:
            nonlocal done
            await _post(app, f"{number} {done % 2}", f"{number} {done}")
            done += 1

        await post()
        orders.send("ready")
        while order := await asyncio.to_thread(orders.recv):
            mode, seconds = order
            engine.take_scopes = _take_all if mode == "one_lock" else take_scopes
            before, begun = done, time.perf_counter()
            while time.perf_counter() - begun < seconds:
                await post()
            orders.send((done - before) / (time.perf_counter() - begun))


async def _take_all(session: AsyncSession, _: Scopes) -> None:
    await take_scopes(session, EVERYTHING)


async def _app(core: Any) -> App:
    """The app with a platform that answers at once, and an image that was embedded before."""
    app = build(core)
    app.platforms[PlatformName.REDDIT] = FakePlatform(core.clock)
    champion = await core.serving.champion()
    embedded = await core.serving.embed_undescribed(picture(0, 64, 64), champion.backbone)

    async def known(*_: object) -> Any:
        return embedded

    core.serving.embed_undescribed = known
    return app


async def _post(app: App, community: str, source_id: str) -> int:
    incoming = IncomingPost(
        CommunityRef(community, community, horizon_seconds=HORIZON), source_id, f"a {source_id}",
        "A title", now(), [picture(0, 64, 64)],
    )  # fmt: skip
    post_id = await app.pipeline.accept(PlatformName.REDDIT, incoming)
    assert post_id is not None
    await app.pipeline.advance(post_id)
    return post_id


async def _labels(data_dir: Path, url: str, far: str, count: int) -> dict[str, Any]:
    """Labels a second in one community, near and far, by one process and by two."""
    found: dict[str, Any] = {}
    async with open_core(_settings(data_dir, url)) as core:
        app = await _app(core)
        for place, where in (("near", url), ("far", far)):
            for processes in (1, 2):
                name = f"{place}, {processes} process{'es' * (processes > 1)}"
                ids = [
                    await _post(app, "labels", f"{name} {number}")
                    for number in range(count if place == "near" else count // 3)
                ]
                found[name] = await _label(app, ids, where, processes)
                print(f"{name}: {found[name]} labels a second", flush=True)
        found["sums_are_right"] = await _sums_are_right(app)
    return found


async def _label(app: App, ids: list[int], url: str, processes: int) -> float:
    """Labels a second. Two collectors in one process stand for two: each with its connections."""
    then = now() + timedelta(seconds=HORIZON * 1.1)
    platform = FakePlatform(lambda: then)
    posts = await app.core.database.run_read(lambda session: load_posts(session, ids))
    platform.scores = {post.source_id: post.id * 31 % 97 for post in posts}
    async with contextlib.AsyncExitStack() as stack:
        collectors = []
        for _ in range(processes):
            database = engine.Database(url)
            stack.push_async_callback(database.close)
            collectors.append(
                LabelCollector(database, {PlatformName.REDDIT: platform}, clock=lambda: then)
            )
        begun = time.perf_counter()
        while await _waiting(app, ids):
            await asyncio.gather(*(each.read_due() for each in collectors))
        return round(len(ids) / (time.perf_counter() - begun), 1)


async def _waiting(app: App, ids: list[int]) -> int:
    async with app.core.database.read() as session:
        labelled = select(func.count()).select_from(Label).where(Label.post_id.in_(ids))
        return len(ids) - (await session.scalar(labelled) or 0)


async def _sums_are_right(app: App) -> bool:
    before = await _sums(app)
    await rebuild(app.core.database, lambda moment: season_of(moment, "UTC"))
    after = await _sums(app)
    return before.keys() == after.keys() and all(
        abs(before[key] - after[key]) <= 1e-9 * max(abs(before[key]), 1) for key in before
    )


async def _sums(app: App) -> Mapping[tuple[Any, ...], float]:
    async with app.core.database.read() as session:
        standings = (await session.scalars(select(Standing))).all()
        daily = (await session.scalars(select(DailyScore))).all()
    return {
        (each.season, each.community_id, each.forecaster_id, name): float(getattr(each, name))
        for each in standings
        for name in ("n", "hits", "points", "points_squared", "streak", "best_streak", "log_sum")
    } | {
        (each.day, each.community_id, each.model_version_id, name): float(getattr(each, name))
        for each in daily
        for name in ("n", "hits", "rps_sum", "log_sum", "brier_sum")
    }


if __name__ == "__main__":
    sys.exit(main())
