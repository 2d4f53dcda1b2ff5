"""A day of 2,000 posts on the loopback Reddit, with everything going wrong that can.

    python -m benchmarks.reddit_day [--posts 2000] [--seed 1] [--gather 60]

Posts in three subreddits, votes, removals, restarts in the middle of anything, repeated and
reordered listings, outages, cut connections and comments that Reddit takes and does not answer
for: all by chance, by a clock that is moved by hand. The real praw client talks to a Reddit on
this machine, images are downloaded and looked at by the real backbone. Prints what came of it as
JSON; exit status 1 when a post was predicted, answered or labelled more than once, or not at all.
"""

import argparse
import asyncio
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from prawcore.sessions import FiniteRetryStrategy

from bot.app import App, build
from bot.core import open_core
from bot.reddit.platform import RedditPlatform
from bot.settings import Settings
from storage.types import PlatformName
from tests.fakes.clock import FakeClock
from tests.fakes.reddit import CLIENT, PASSWORD, FakeReddit, serving
from tests.fakes.reddit.day import SUBREDDITS, DayReport, RedditDay
from tests.fakes.reddit.world import ME


async def play(folder: Path, posts: int, seed: int, gather: float) -> tuple[DayReport, RedditDay]:
    clock = FakeClock()
    reddit = FakeReddit(clock)
    async with serving(reddit) as origin:
        settings = Settings(
            data_dir=folder,
            web=False,
            silent_share=0.1,
            download_allow_hosts=("127.0.0.1",),
            reddit_client_id=CLIENT[0],
            reddit_client_secret=CLIENT[1],
            reddit_username=ME,
            reddit_password=PASSWORD,
            reddit_url=origin,
            reddit_oauth_url=origin,
            reddit_subreddits=SUBREDDITS,
            reddit_reply="on",
            reddit_replies_per_hour=30,
            reddit_gather_minutes=gather,
        )

        @asynccontextmanager
        async def open_app() -> AsyncIterator[tuple[App, RedditPlatform]]:
            async with open_core(settings, clock=clock) as core:
                app = build(core)
                platform = app.platforms[PlatformName.REDDIT]
                assert isinstance(platform, RedditPlatform)
                try:
                    yield app, platform
                finally:
                    await platform.stop()

        day = RedditDay(reddit, clock, open_app, posts=posts, seed=seed, step=timedelta(minutes=10))
        return await day.play(), day


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--gather", type=float, default=60.0, help="PEORIA_REDDIT_GATHER_MINUTES")
    arguments = parser.parse_args()
    # prawcore waits for up to two seconds before it replaces a token; the clock here stands still.
    FiniteRetryStrategy._sleep_seconds = lambda _: None  # type: ignore[method-assign]  # noqa: SLF001
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        report, day = asyncio.run(
            play(Path(folder), arguments.posts, arguments.seed, arguments.gather)
        )
    spent = resource.getrusage(resource.RUSAGE_SELF)
    late = sorted(report.lateness) or [0.0]
    answer = {
        "posts": report.posts,
        "eligible": report.eligible,
        "removed before the horizon": len(day.removed),
        "restarts": report.restarts,
        "faults": report.faults,
        "missed": report.missed,
        "ingested wrongly": report.strange,
        "predictions": report.predictions,
        "posts predicted": report.predicted_posts,
        "labels": report.labels,
        "states": dict(report.states),
        "posts by comments under them": dict(sorted(report.comments.items())),
        "requests for scores": report.score_requests,
        "requests for scores per label": round(report.requests_per_label, 4),
        "minutes late, median and most": [round(late[len(late) // 2] / 60, 1),
                                          round(late[-1] / 60, 1)],
        "requests": dict(report.requests.most_common()),
        "seconds": round(time.perf_counter() - started),
        "processor seconds": round(spent.ru_utime + spent.ru_stime),
        "load average": round(os.getloadavg()[0], 1),
    }  # fmt: skip
    print(json.dumps(answer, indent=2))
    right = (
        report.missed == report.strange == 0
        and report.predictions == report.predicted_posts == report.eligible
        and max(report.comments) <= 1
        and report.labels == report.eligible - len(day.removed)
    )
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
