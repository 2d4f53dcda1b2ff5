"""Sends one post all the way round, killed at every boundary in turn and started again.

``python -m tests.fakes.killed FIRST_START WORK`` copies the data folder FIRST_START into WORK for
each boundary, runs Peoria on it in a forked child that kills itself there, lets a second child
finish, and prints what is then stored and visible: one JSON line per boundary, in any order. Runs
that no boundary killed have a ``where`` of null.

A boundary lies before a write transaction, before its commit, after its commit; before and after
a file is put; before and after everything that the platform is asked for.
"""

import asyncio
import hashlib
import io
import itertools
import json
import os
import shutil
import signal
import sqlite3
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import ai_edge_litert.interpreter  # noqa: F401 - imported once, before the forks
from PIL import Image, ImageDraw
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

import bot.app
import bot.core
import storage.objects.image_place
from bot.app import build
from bot.core import open_core
from bot.platform import CommunityRef, IncomingPost, PostRef, Reading, ScoreRead
from bot.serving.forecast import Card, Ending, Outcome
from bot.settings import Settings
from storage.engine.database import Database
from storage.engine.scopes import EVERYTHING, Scopes
from storage.files.image_store import ImageStore
from storage.queries.posts import CLAIMED_FOR
from storage.types import PlatformName
from tests.fixtures.made_once import cores_made_quickly

T = TypeVar("T")

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
HORIZON = 1800
#: Seconds after the post at which Peoria looks for work.
STEPS = (0, 601, 1801)
SCORE = 7
#: Boundaries that are tried at the same time.
LANES = 2

#: Read once, before the forks.
SETTINGS = Settings(silent_share=0, scores_to_compare=1, picture_processes=0)

#: Tables whose rows are counted.
TABLES = (
    "posts", "post_images", "images", "embeddings", "predictions", "replies", "snapshots", "labels",
)  # fmt: skip


class Boundary:
    """Counts boundaries as they are crossed, and kills this process at one of them."""

    def __init__(self, kill_at: int | None, note: Path) -> None:
        self._kill_at = kill_at
        self._note = note
        self._crossed = 0

    def cross(self, where: str) -> None:
        self._crossed += 1
        if self._crossed == self._kill_at:
            self._note.write_text(where)
            os.kill(os.getpid(), signal.SIGKILL)


class KilledDatabase(Database):
    boundary: Boundary

    @asynccontextmanager
    async def write(self, *, alone_in: Scopes = EVERYTHING) -> AsyncIterator[AsyncSession]:
        self.boundary.cross("before a transaction")
        async with super().write(alone_in=alone_in) as session:
            yield session
            await session.flush()
            self.boundary.cross("before a commit")
        self.boundary.cross("after a commit")

    async def run_write(self, work: Callable[[Session], T], *, alone_in: Scopes = EVERYTHING) -> T:
        def crossing(session: Session) -> T:
            done = work(session)
            session.flush()
            self.boundary.cross("before a commit")
            return done

        self.boundary.cross("before a transaction")
        done = await super().run_write(crossing, alone_in=alone_in)
        self.boundary.cross("after a commit")
        return done


class KilledImageStore(ImageStore):
    boundary: Boundary

    def put(self, data: bytes) -> str:
        self.boundary.cross("before a file is put")
        sha256 = super().put(data)
        self.boundary.cross("after a file was put")
        return sha256


class LastingPlatform:
    """What people see on it survives Peoria: it is kept in a file of its own."""

    name = PlatformName.REDDIT

    def __init__(self, path: Path, boundary: Boundary, clock: "LastingClock") -> None:
        self._file = sqlite3.connect(path, isolation_level=None)
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS replies (id INTEGER PRIMARY KEY, post TEXT, outcome TEXT)"
        )
        self._boundary = boundary
        self._clock = clock

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def reply(self, post: PostRef, card: Card, *, sent_before: bool) -> str:
        self._boundary.cross("before the reply is sent")
        if sent_before:
            found = self._file.execute(
                "SELECT id FROM replies WHERE post = ?", [post.source_id]
            ).fetchone()
            if found:
                return str(found[0])
        reply_id = self._file.execute(
            "INSERT INTO replies (post) VALUES (?)", [post.source_id]
        ).lastrowid
        self._boundary.cross("after the reply was sent")
        return str(reply_id)

    async def settle(self, post: PostRef, reply_id: str, outcome: Ending) -> None:
        assert isinstance(outcome, Outcome), "scores are never read so late"
        self._boundary.cross("before the outcome is shown")
        self._file.execute(
            "UPDATE replies SET outcome = ? WHERE id = ?", [outcome.bucket.value, reply_id]
        )
        self._boundary.cross("after the outcome was shown")

    async def read_scores(self, posts: Sequence[PostRef]) -> Mapping[int, Reading]:
        self._boundary.cross("before scores are read")
        readings = {post.post_id: ScoreRead(SCORE, self._clock()) for post in posts}
        self._boundary.cross("after scores were read")
        return readings


class LastingClock:
    """A clock that a new process finds where the one before it left it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.seconds = int(path.read_text()) if path.exists() else 0

    def __call__(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def forward_to(self, seconds: int) -> None:
        self.seconds = seconds
        self._path.write_text(str(seconds))


def picture() -> bytes:
    image = Image.new("RGB", (64, 48), "teal")
    ImageDraw.Draw(image).ellipse((8, 8, 40, 40), fill="orange")
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


async def go_round(folder: Path, boundary: Boundary) -> None:
    """Everything from where the folder is now to the label and beyond."""
    clock = LastingClock(folder / "clock")
    settings = SETTINGS.model_copy(update={"data_dir": folder / "data"})
    async with open_core(settings, clock=clock) as core:
        app = build(core)
        app.platforms[PlatformName.REDDIT] = LastingPlatform(folder / "seen.db", boundary, clock)
        post = IncomingPost(
            community=CommunityRef("test", "r/test", horizon_seconds=HORIZON),
            source_id="t3_one",
            author="ann",
            title="One post",
            posted_at=START,
            images=[picture()],
        )
        # After a restart the platform delivers again what it may have delivered before.
        await app.pipeline.accept(PlatformName.REDDIT, post)
        for step in STEPS:
            # What the killed process had claimed is due again when its claim has ended.
            for seconds in (step, step + int(CLAIMED_FOR.total_seconds())):
                if seconds >= clock.seconds:
                    clock.forward_to(seconds)
                    await app.jobs.run_due()


def in_child(folder: Path, kill_at: int | None) -> int:
    """Go round in a forked child; its wait status."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    status = 1
    try:
        run(folder, Boundary(kill_at, folder / "killed"))
        status = 0
    finally:
        if status:
            traceback.print_exc()
        os._exit(status)


def run(folder: Path, boundary: Boundary) -> None:
    KilledDatabase.boundary = KilledImageStore.boundary = boundary
    asyncio.run(go_round(folder, boundary))


def found(folder: Path) -> dict[str, Any]:
    """What is stored and what people see."""
    data = folder / "data"
    with closing(sqlite3.connect(data / "peoria.db")) as stored:
        rows = {
            table: stored.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in TABLES
        }
        # Of the time of its score only the minute: what was claimed is read seconds later.
        prediction = stored.execute(
            "SELECT bins, rps, log_score, brier, points, substr(scored_at, 1, 16) FROM predictions"
        ).fetchall()
        label = stored.execute("SELECT score, percentile_low, bucket FROM labels").fetchall()
        readings = stored.execute("SELECT reading, score FROM snapshots ORDER BY 1").fetchall()
        state = stored.execute(
            "SELECT posts.state, posts.due_at, posts.tries, replies.state FROM posts"
            " JOIN replies ON replies.post_id = posts.id"
        ).fetchall()
    with closing(sqlite3.connect(folder / "seen.db")) as seen:
        visible = seen.execute("SELECT post, outcome FROM replies").fetchall()
    files = [path for path in (data / "images").rglob("*") if path.is_file()]
    return {
        "rows": rows,
        "files": len(files),
        "whole": all(hashlib.sha256(p.read_bytes()).hexdigest() == p.name for p in files),
        "prediction": prediction,
        "label": label,
        "readings": readings,
        "state": state,
        "visible": visible,
    }


def copy_of(first_start: Path, folder: Path) -> None:
    """A data folder after its first start, with what ships as links: nobody writes into it."""

    def copy(source: str, target: str) -> None:
        if Path(source).relative_to(first_start).parts[0] in ("backbones", "models"):
            os.link(source, target)
        else:
            shutil.copy2(source, target)

    shutil.copytree(first_start, folder / "data", copy_function=copy)


def try_boundaries(first_start: Path, work: Path, lane: int) -> None:
    """Every boundary of a lane, until one is beyond the last."""
    for kill_at in itertools.count(lane + 1, LANES):
        folder = work / str(kill_at)
        copy_of(first_start, folder)
        killed = os.WIFSIGNALED(in_child(folder, kill_at))
        finished = in_child(folder, None)
        where = (folder / "killed").read_text() if killed else None
        line = {"kill_at": kill_at, "where": where, "finished": finished == 0, **found(folder)}
        # In one piece: the lanes write to the same pipe.
        os.write(sys.stdout.fileno(), json.dumps(line).encode() + b"\n")
        shutil.rmtree(folder)
        if not killed:
            return


def main() -> None:
    first_start, work = Path(sys.argv[1]), Path(sys.argv[2])
    bot.core.Database = KilledDatabase  # type: ignore[misc]
    storage.objects.image_place.ImageStore = KilledImageStore  # type: ignore[misc]
    with cores_made_quickly():
        run_everything(first_start, work)


def run_everything(first_start: Path, work: Path) -> None:
    """Try all boundaries, several at a time."""
    # Once round in this process, so that no child has to warm up what they share.
    copy_of(first_start, work / "warm")
    run(work / "warm", Boundary(None, work / "killed"))
    if threading.active_count() > 1:
        raise RuntimeError("threads do not survive a fork")
    lanes = []
    for lane in range(LANES):
        child = os.fork()
        if not child:
            try_boundaries(first_start, work, lane)
            os._exit(0)
        lanes.append(child)
    if any(os.waitpid(child, 0)[1] for child in lanes):
        sys.exit(1)


if __name__ == "__main__":
    main()
