"""How long the board's pages take with very many posts.

    python -m benchmarks.site_pages [--posts 1000000 | --short] [--times 20] [--folder FOLDER]

The posts are made up and written at once: titles of common and rare words, images without files,
embeddings of the newest, labels, and predictions of two versions, all in one community but every
hundredth, which is on the board. Then one reader asks for every page by turns, over loopback.
Printed are the middle and the 95% point of the time from the request to the whole answer, and the
processor time of the process, the reader's included. A page holds the bar where its 95% point is at
most 100 ms. With a folder the rows are kept there, and asked again without writing them anew.
"""

import argparse
import asyncio
import json
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import numpy as np
from rich.console import Console
from rich.table import Table

from bot.app import build
from bot.core import open_core
from bot.settings import Settings
from bot.web.platform import WebPlatform
from storage.types import PlatformName

BAR_MS = 100
_BATCH = 20_000
#: Newest images that have an embedding.
_EMBEDDED = 2000
_WORDS = ("cat", "dog", "when", "the", "monday", "code", "works", "again", "nobody", "friend")

PAGES = (
    "/", "/communities", "/communities/2", "/communities/2?sort=top",
    "/communities/2?sort=surprising", "/communities/2?sort=best", "/communities/2?sort=worst",
    "/communities/2?sort=top&after=500_1000", "/communities/2?since=2024-01-01&until=2024-01-02",
    "/communities/2?q=monday", "/communities/2?q=rare77", "/communities/2?q=cat+dog&sort=top",
    "/communities/2?genre=political", "/communities/2?version=second", "/communities/2?open=1",
    "/communities/2?sort=top&genre=political&version=second", "/search?q=when+code",
    "/search?q=absent", "/posts/{last}", "/posts/5", "/stats?community=2", "/league?community=2",
    "/league?community=2&board=posts&season=all", "/models", "/me", "/models/versions/second",
    "/measures?community=2", "/plays?community=2", "/try", "/meme", "/communities/2/settings",
    "/admin", "/admin/audit", "/admin/backups", "/admin/settings",
)  # fmt: skip


def fill(path: Path, count: int, seed: int = 1) -> None:
    """Write the rows."""
    rng = random.Random(seed)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        version_id, backbone = connection.execute(
            "SELECT id, backbone FROM model_versions LIMIT 1"
        ).fetchone()
        moment = _text(datetime(2026, 1, 1, tzinfo=UTC))
        connection.execute(
            "INSERT INTO model_versions (id, name, backbone, is_champion, created_at, labels,"
            " metrics) VALUES (1000, 'second', ?, 0, ?, 0, '{}')",
            (backbone, moment),
        )
        for community_id, platform, source in ((1, "web", "main"), (2, "reddit", "big")):
            connection.execute(
                "INSERT INTO communities (id, platform, source_id, name, horizon_seconds,"
                " created_at) VALUES (?, ?, ?, ?, 86400, ?)",
                (community_id, platform, source, source, moment),
            )
        connection.executemany(
            "INSERT INTO authors (id, platform, hash) VALUES (?, 'reddit', ?)",
            [(number, f"{number:064x}") for number in range(1, 1001)],
        )
        for first in range(1, count + 1, _BATCH):
            numbers = range(first, min(first + _BATCH, count + 1))
            _write(connection, numbers, count, version_id, backbone, rng)
            connection.commit()
        connection.execute("ANALYZE")
        connection.commit()


def _write(
    connection: sqlite3.Connection, numbers: range, count: int, version_id: int, backbone: str,
    rng: random.Random,
) -> None:  # fmt: skip
    begin = datetime(2026, 11, 1, tzinfo=UTC) - timedelta(minutes=count)
    bins = json.dumps([0.1] * 10)
    posts, labels, images, places, predictions, vectors = [], [], [], [], [], []
    for number in numbers:
        on_board = number % 100 == 0
        community_id, platform = (1, "web") if on_board else (2, "reddit")
        posted = begin + timedelta(minutes=number)
        title = " ".join(rng.choices(_WORDS, k=6)) + f" rare{number % 5000}"
        posts.append(
            (number, community_id, platform, f"p{number}", None if on_board else 1 + number % 1000,
             title, _text(posted), _text(posted), _text(posted))
        )  # fmt: skip
        genre = "political" if rng.random() < 0.01 else "text_post"
        images.append((number, f"{number:064x}", f"{number:016x}", genre, _text(posted)))
        places.append((number, 0, "", number))
        low = rng.random() * 0.9
        labels.append(
            (number, community_id, rng.randrange(10_000), low, low + 0.1, "low",
             _text(posted + timedelta(days=1)), _text(posted + timedelta(days=1)),
             rng.random(), 3 * rng.random())
        )  # fmt: skip
        version = 1000 if number < count // 10 else version_id
        predictions.append((number, version, number, _text(posted), bins))
        if number > count - _EMBEDDED:
            vector = np.frombuffer(rng.randbytes(1280), np.int8).astype("<f2")
            vectors.append((number, backbone, vector.tobytes()))
    connection.executemany(
        "INSERT INTO images (id, sha256, format, bytes, width, height, phash, genre, stored_at)"
        " VALUES (?, ?, 'PNG', 1, 4, 3, ?, ?, ?)",
        images,
    )
    connection.executemany(
        "INSERT INTO posts (id, community_id, platform, source_id, author_id, origin, title,"
        " posted_at, seen_at, predicted_at, state, tries, silent) VALUES (?, ?, ?, ?, ?, 'live', ?,"
        " ?, ?, ?, 'settling', 0, 0)",
        posts,
    )
    connection.executemany(
        "INSERT INTO post_images (post_id, position, source, image_id) VALUES (?, ?, ?, ?)", places
    )
    connection.executemany(
        "INSERT INTO labels (post_id, community_id, score, percentile_low, percentile_high, bucket,"
        " matured_at, written_at, rps, log_score) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        labels,
    )
    connection.executemany(
        "INSERT INTO predictions (post_id, model_version_id, image_id, made_at, bins, p_low,"
        " p_medium, p_high, quantiles, latency_ms)"
        " VALUES (?, ?, ?, ?, ?, 0.3, 0.3, 0.4, 'none', 1)",
        predictions,
    )
    connection.executemany(
        "INSERT INTO embeddings (image_id, backbone, vector) VALUES (?, ?, ?)", vectors
    )


async def measure(folder: Path, count: int, times: int) -> Iterator[tuple[str, list[float], float]]:
    """Each page with the milliseconds of each answer, and the processor's per answer."""
    settings = Settings(  # type: ignore[call-arg]
        _env_file=None, data_dir=folder, web_port=0
    )
    found = []
    async with open_core(settings) as core:
        board = build(core).platforms[PlatformName.WEB]
        assert isinstance(board, WebPlatform)
        await board.start()
        try:
            jar = aiohttp.CookieJar(unsafe=True)
            async with aiohttp.ClientSession(cookie_jar=jar) as session:
                await session.get(board.admin_link())
                for path in PAGES:
                    url = board.url.rstrip("/") + path.format(last=count - 1)
                    took = []
                    used = 0.0
                    for number in range(times + 1):
                        began, before = time.perf_counter(), time.process_time()
                        async with session.get(url) as answer:
                            assert answer.status == 200, (path, answer.status)
                            await answer.read()
                        if number:  # the first one warms up
                            took.append(1000 * (time.perf_counter() - began))
                            used += 1000 * (time.process_time() - before)
                    found.append((path, sorted(took), used / times))
        finally:
            await board.stop()
    return iter(found)


async def main() -> None:
    """Fill a database, ask, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--short", action="store_true", help="20,000 posts")
    parser.add_argument("--folder", type=Path, help="keeps the rows for the next time")
    arguments = parser.parse_args()
    count = 20_000 if arguments.short else arguments.posts
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.folder or Path(name)
        path = folder / "peoria.db"
        if not path.exists():
            async with open_core(Settings(_env_file=None, data_dir=folder)):  # type: ignore[call-arg]
                pass
            began = time.monotonic()
            await asyncio.to_thread(fill, path, count)
            console.print(f"written in {time.monotonic() - began:.0f} s")
        size = path.stat().st_size / 2**20
        console.print(f"{count:,} posts, {size:,.0f} MB; load {os.getloadavg()[0]:.1f}")
        table = Table("page", "middle, ms", "95%, ms", "processor, ms", "")
        slow = 0
        for path, took, used in await measure(folder, count, arguments.times):
            worst = took[min(int(0.95 * len(took)), len(took) - 1)]
            slow += worst > BAR_MS
            bar = "" if worst <= BAR_MS else "above the bar"
            table.add_row(path, f"{took[len(took) // 2]:.1f}", f"{worst:.1f}", f"{used:.1f}", bar)
        console.print(table)
    raise SystemExit(1 if slow else 0)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


if __name__ == "__main__":
    asyncio.run(main())
