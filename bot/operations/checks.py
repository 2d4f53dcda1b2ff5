"""What is checked by `main.py doctor` and by the board's /healthz alike."""

import asyncio
import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, make_url, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session

from bot.operations.findings import Finding, State
from bot.operations.heartbeat import Heartbeat
from bot.settings import Settings
from bot.training.run_table import has_living_process
from bot.training.usable_champion import why_unusable
from storage.engine.database import Database
from storage.engine.faults import DATABASE_ERRORS, storage_fault
from storage.engine.sqlite_file import DatabaseFileGone
from storage.tables import ModelVersion, Post, TrainingRun
from storage.types import RunState, ServiceState

#: Less free space than the first needs a look; less than the second is trouble. Bytes.
LITTLE, TOO_LITTLE = 2 * 2**30, 200 * 2**20
#: Work that has been due for this long means that no bot is running.
OVERDUE = timedelta(minutes=15)
#: A part that has not run for this long is in trouble.
_LONG_AWAY = timedelta(minutes=10)
#: Overdue posts are counted no further.
_MANY = 1000
#: How long a write of one row may take, seconds.
_PATIENCE = 15.0


async def database_write(heartbeat: Heartbeat) -> Finding | None:
    """Write a row and commit it; None where that works.

    Args:
        heartbeat: whose row is written.
    """
    try:
        async with asyncio.timeout(_PATIENCE):
            await heartbeat.beat()
    except DATABASE_ERRORS as error:
        # A time-out is an OSError, too.
        return database_trouble(error)
    return None


def database_trouble(error: Exception) -> Finding:
    """What to say of a database that cannot be read or written."""
    said = error.orig if isinstance(error, DBAPIError) else error
    fault = storage_fault(error)
    if isinstance(error, TimeoutError):
        sentence = (
            f"A write was not done within {_PATIENCE:.0f} s: another program holds the database,"
            " or its disk is very slow."
        )
    elif isinstance(error, NoConnection):
        sentence = "All connections that this process may open to it are in use, for too long."
    elif isinstance(said, DatabaseFileGone):
        text = str(said)
        sentence = f"{text[0].upper()}{text[1:]}."
    elif fault is None:
        sentence = f"It cannot be used: {said}."
    else:
        sentence = f"{fault.what[0].upper()}{fault.what[1:]} ({said}). {fault.advice}"
    return Finding("database", State.TROUBLE, sentence)


def disk(settings: Settings) -> Finding:
    """Room in the folders that are written to, and whether they take a file at all."""
    free: int | None = None
    for folder in _folders(settings):
        left = shutil.disk_usage(folder).free
        free = left if free is None else min(free, left)
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(bytes(4096))
                file.flush()
        except OSError as error:
            fault = storage_fault(error)
            advice = fault.advice if fault else "Nothing can be stored there."
            sentence = f"No file can be written into {folder} ({error.strerror}). {advice}"
            return Finding("disk", State.TROUBLE, sentence)
    if free is None:
        return Finding("disk", State.TROUBLE, f"There is no folder {settings.data_dir}.")
    sentence = f"{free / 2**30:.1f} GB are free for {settings.data_dir}."
    if free < TOO_LITTLE:
        return Finding("disk", State.TROUBLE, f"{sentence} Make room: nothing can be stored.")
    return Finding("disk", State.LOOK if free < LITTLE else State.WELL, sentence)


def _folders(settings: Settings) -> list[Path]:
    """Folders that files are written into, as far as they are there."""
    url = make_url(settings.url)
    wanted = [settings.data_dir, settings.image_place.folder]
    if url.get_backend_name() == "sqlite":
        wanted.append(Path(url.database or "").parent)
    found = [folder for folder in wanted if folder.is_dir()]
    if found:
        return found
    folder = settings.data_dir.absolute()
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return [folder]


class ChampionFiles:
    """Whether the files of what serves can serve; read again only when they changed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._checked: tuple[str, frozenset[tuple[str, int, int]], str | None] | None = None

    async def look(self, database: Database) -> Finding:
        """A line on the champion's files."""
        async with database.read() as session:
            champion = await session.scalar(select(ModelVersion).where(ModelVersion.is_champion))
        if champion is None:
            return Finding(
                "champion",
                State.TROUBLE,
                "No model version serves. Choose one with `main.py models promote NAME`.",
            )
        why = await asyncio.to_thread(self._why_unusable, champion.name, champion.backbone)
        if why is not None:
            sentence = f"{why} At the next start another version takes its place."
            return Finding("champion", State.TROUBLE, sentence)
        since = f" since {champion.promoted_at:%Y-%m-%d %H:%M} UTC" if champion.promoted_at else ""
        if champion.labels == 0:
            sentence = (
                f"{champion.name} serves{since}, and was made from no labels: to it every outcome"
                " is as likely as any other. `main.py models list` shows what else could serve;"
                " `main.py train` makes a version from your labels."
            )
            return Finding("champion", State.LOOK, sentence)
        sentence = f"{champion.name} serves{since}, made from {champion.labels:,} labels."
        return Finding("champion", State.WELL, sentence)

    def _why_unusable(self, name: str, backbone: str) -> str | None:
        settings = self._settings
        stamps = _stamps(settings.versions_dir / name) | _stamps(settings.backbones_dir / backbone)
        if self._checked is None or self._checked[:2] != (name, stamps):
            why = why_unusable(name, settings.versions_dir, settings.backbones_dir)
            self._checked = name, stamps, why
        return self._checked[2]


def _stamps(folder: Path) -> frozenset[tuple[str, int, int]]:
    """Each file of a folder with its time and size."""
    if not folder.is_dir():
        return frozenset()
    found = ((path, path.stat()) for path in folder.iterdir() if path.is_file())
    return frozenset((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in found)


def not_running(
    name: str, state: ServiceState, changed_at: datetime, error: str | None, now: datetime
) -> Finding:
    """A part that should always run and does not."""
    since = f"{changed_at:%Y-%m-%d %H:%M} UTC"
    error = error and error.rstrip(".")
    if state is ServiceState.STOPPED:
        return Finding(name, State.TROUBLE, f"It has stopped since {since}: {error}.")
    long = now - changed_at > _LONG_AWAY
    return Finding(
        name, State.TROUBLE if long else State.LOOK, f"It does not run since {since}: {error}."
    )


def due_work(session: Session, now: datetime) -> Finding:
    """Whether steps of posts, readings and labels among them, are late."""
    late = (
        select(Post.due_at)
        .where(Post.due_at.is_not(None), Post.due_at < now - OVERDUE)
        .order_by(Post.due_at)
        .limit(_MANY)
        .subquery()
    )
    count, oldest = session.execute(
        select(func.count(), func.min(late.c.due_at)).select_from(late)
    ).one()
    if not count:
        return Finding("due work", State.WELL, "Nothing waits that should have been done.")
    many = f"{count:,} posts wait" if count < _MANY else f"{_MANY:,} posts or more wait"
    return Finding(
        "due work",
        State.LOOK,
        f"{many} for a step that was due, the first since {oldest:%Y-%m-%d %H:%M}"
        " UTC. Is the bot running, and its platform reachable?",
    )


def last_run(session: Session) -> Finding:
    """How the last training run ended."""
    run = session.scalar(select(TrainingRun).order_by(TrainingRun.id.desc()).limit(1))
    if run is None:
        return Finding("training", State.WELL, "There was no run yet.")
    when = f"{run.started_at:%Y-%m-%d %H:%M} UTC"
    if run.state is RunState.RUNNING:
        if run.is_waiting:
            return Finding(
                "training",
                State.WELL,
                f"A run was asked for at {when} and waits for a process with the role train.",
            )
        if not has_living_process(session, run):
            return Finding(
                "training",
                State.LOOK,
                f"The run of {when} was cut short; the bot notes that within a minute.",
            )
        return Finding("training", State.WELL, f"A run is under way since {when}.")
    sentence = f"The last run, {when}, asked for by {run.asked_by}: {run.state.value}. {run.reason}"
    return Finding(
        "training", State.TROUBLE if run.state is RunState.FAILED else State.WELL, sentence
    )
