"""The health of an installation on one page: what is well, what needs a look, what is broken."""

import asyncio
import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, make_url, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.operations.deep_check import check_images
from bot.operations.findings import Finding, State
from bot.operations.service_findings import service_findings
from bot.reports.monitoring import champion_health, community_health
from bot.reports.skill import Skill
from bot.settings import Settings
from bot.training.run_table import has_living_process
from bot.training.schedule import new_labels
from models.backbone import Backbone, BackboneUnusable
from models.backbone_files import find_backbone
from models.extras import INSTALL_TRAIN, train_is_installed
from models.head import Head, HeadUnusable
from models.registry import VersionUnusable, read_version
from storage.engine.database import Database
from storage.engine.migrate import HEAD, revision
from storage.files.image_store import ImageStore
from storage.tables import Notice, Post, TrainingRun
from storage.types import RunState

#: Less free space than the first needs a look; less than the second is trouble. Bytes.
LITTLE, TOO_LITTLE = 2 * 2**30, 200 * 2**20
#: Work that has been due for this long means that no bot is running.
OVERDUE = timedelta(minutes=15)


async def examine(settings: Settings, now: datetime, *, deep: bool = False) -> list[Finding]:
    """Check everything without changing anything.

    Args:
        settings: what is set.
        now: aware.
        deep: whether to read every stored image file, which takes a while.

    Raises:
        DBAPIError, OSError: the database cannot be reached.
    """
    findings = [_disk(settings)]
    file = _sqlite_file(settings)
    if file is not None and not await asyncio.to_thread(file.is_file):
        sentence = f"There is none at {file} yet. `main.py run` makes it."
        return [Finding("database", State.TROUBLE, sentence), *findings]
    database = Database(settings.url)
    try:
        at = await revision(database)
        if at != HEAD:
            sentence = f"It is at version {at}, this Peoria at {HEAD}: run `main.py db upgrade`."
            return [Finding("database", State.TROUBLE, sentence), *findings]
        images = ImageStore(settings.images_dir)
        read = [await check_images(database, images)] if deep else []
        async with database.read() as session:
            return [
                await _database(session, settings),
                *findings,
                *read,
                await _champion(session, settings, now),
                await _last_run(session),
                *_train_extra(settings),
                await _labels(session, settings, now),
                await _due_work(session, now),
                await _notices(session, now),
                _platforms(settings),
                *await session.run_sync(service_findings, now),
                *await _communities(session, now),
            ]
    finally:
        await database.close()


def _sqlite_file(settings: Settings) -> Path | None:
    url = make_url(settings.url)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def _disk(settings: Settings) -> Finding:
    folder = settings.data_dir
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    sentence = f"{free / 2**30:.1f} GB are free for {settings.data_dir}."
    if free < TOO_LITTLE:
        return Finding("disk", State.TROUBLE, f"{sentence} Make room: nothing can be stored.")
    return Finding("disk", State.LOOK if free < LITTLE else State.WELL, sentence)


async def _database(session: AsyncSession, settings: Settings) -> Finding:
    posts = await session.scalar(select(func.count()).select_from(Post))
    file = _sqlite_file(settings)
    if file is None:
        url = make_url(settings.url)
        where = f"PostgreSQL {url.database} on {url.host}"
        return Finding("database", State.WELL, f"{where}, {posts:,} posts.")
    check = (await (await session.connection()).exec_driver_sql("PRAGMA quick_check(1)")).scalar()
    size = (await asyncio.to_thread(file.stat)).st_size / 2**20
    if check != "ok":
        return Finding(
            "database",
            State.TROUBLE,
            f"{file} is damaged ({check}). Stop Peoria and restore a backup.",
        )
    return Finding("database", State.WELL, f"{file}, {size:.1f} MB, {posts:,} posts, whole.")


async def _champion(session: AsyncSession, settings: Settings, now: datetime) -> Finding:
    health = await champion_health(session, now)
    if health is None:
        return Finding(
            "champion",
            State.TROUBLE,
            "No model version serves. Choose one with `main.py models promote NAME`.",
        )
    champion = health.champion
    try:
        manifest = read_version(settings.versions_dir / champion.name)
        Head.load(settings.versions_dir / champion.name)
        Backbone.load(find_backbone(settings.backbones_dir, manifest.backbone))
    except (VersionUnusable, HeadUnusable, BackboneUnusable) as error:
        return Finding("champion", State.TROUBLE, str(error))
    since = f" since {champion.promoted_at:%Y-%m-%d %H:%M} UTC" if champion.promoted_at else ""
    sentence = f"{champion.name} serves{since}, made from {champion.labels:,} labels."
    recent = health.recent
    if recent is None:
        return Finding(
            "champion", State.WELL, f"{sentence} None of its posts was scored in the last days."
        )
    sentence += f" {_skill_words(recent)}."
    if health.is_worse_than_made and health.when_made:
        low, high = health.when_made
        sentence += f" That is less than it was made with ({low:+.3f} … {high:+.3f})."
        return Finding("champion", State.LOOK, sentence)
    return Finding("champion", State.WELL, sentence)


async def _last_run(session: AsyncSession) -> Finding:
    run = await session.scalar(select(TrainingRun).order_by(TrainingRun.id.desc()).limit(1))
    if run is None:
        return Finding("training", State.WELL, "There was no run yet.")
    when = f"{run.started_at:%Y-%m-%d %H:%M} UTC"
    if run.state is RunState.RUNNING:
        if not await session.run_sync(has_living_process, run):
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


def _train_extra(settings: Settings) -> list[Finding]:
    """A line where nothing can be trained; none where it can."""
    if train_is_installed():
        return []
    wanted = settings.retrain_cron.strip().lower() != "off"
    off = " Scheduled training is switched off." if wanted else ""
    sentence = f"This Peoria serves and cannot train: the extra `train` is missing.{off}"
    state = State.LOOK if wanted else State.WELL
    return [Finding("training", state, f"{sentence} {INSTALL_TRAIN}")]


async def _labels(session: AsyncSession, settings: Settings, now: datetime) -> Finding:
    new = await new_labels(session, now=now)
    when = (
        "Peoria does not train by itself (PEORIA_RETRAIN_CRON)"
        if settings.retrain_cron.strip().lower() == "off"
        else "Peoria does not train by itself (the extra `train` is missing)"
        if not train_is_installed()
        else f"{settings.retrain_min_new_labels} are needed for it to train by itself"
    )
    return Finding("labels", State.WELL, f"{new:,} are new since the last run; {when}.")


async def _due_work(session: AsyncSession, now: datetime) -> Finding:
    overdue = (
        await session.execute(
            select(func.count(), func.min(Post.due_at)).where(
                Post.due_at.is_not(None), Post.due_at < now - OVERDUE
            )
        )
    ).one()
    count, oldest = overdue
    if not count:
        return Finding("due work", State.WELL, "Nothing waits that should have been done.")
    return Finding(
        "due work",
        State.LOOK,
        f"{count:,} posts wait for a step that was due, the first since {oldest:%Y-%m-%d %H:%M}"
        " UTC. Is the bot running, and its platform reachable?",
    )


async def _notices(session: AsyncSession, now: datetime) -> Finding:
    waiting = await session.scalar(
        select(func.count()).where(Notice.delivered_at.is_(None), Notice.made_at < now - OVERDUE)
    )
    if waiting:
        return Finding("notices", State.LOOK, f"{waiting} could not be handed to the admins yet.")
    return Finding("notices", State.WELL, "The admins were told everything.")


def _platforms(settings: Settings) -> Finding:
    given = {
        "the board": settings.web,
        "Reddit": settings.reddit_client_id or settings.reddit_credentials_file,
        "Discord": settings.discord_token or settings.discord_token_file,
    }
    names = [name for name, is_set in given.items() if is_set]
    if not names:
        return Finding(
            "platforms",
            State.TROUBLE,
            "None is set up, and the board is switched off (PEORIA_WEB): see docs/settings.md.",
        )
    return Finding("platforms", State.WELL, f"Set up: {', '.join(names)}.")


def _skill_words(skill: Skill) -> str:
    if skill.skill is None:
        return f"Skill: nothing to tell yet ({skill.why_none})"
    return f"Skill {skill.skill:+.3f} on the last {skill.n:,} scored posts"


async def _communities(session: AsyncSession, now: datetime) -> Sequence[Finding]:
    found = []
    for each in await community_health(session, now):
        community, skill, shift = each.community, each.skill, each.shift
        words = []
        state = State.WELL
        if skill is not None:
            words.append(_skill_words(skill))
        if shift is not None and shift.is_shifted:
            state = State.LOOK
            words.append(
                f"scores have shifted (median {shift.earlier_median:g} → {shift.recent_median:g})"
            )
        if community.paused_at is not None:
            state = State.LOOK
            words.append(f"silent since {community.paused_at:%Y-%m-%d}: {community.paused_reason}")
        if not community.watched:
            words.append("not watched")
        sentence = "; ".join(words) if words else "too little was scored to tell"
        found.append(Finding(community.name, state, f"{sentence}."))
    return found
