"""The health of an installation on one page: what is well, what needs a look, what is broken."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, make_url, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from bot.operations.batch_findings import batch_findings
from bot.operations.checks import (
    OVERDUE,
    ChampionFiles,
    database_trouble,
    database_write,
    disk,
    due_work,
    last_run,
)
from bot.operations.deep_check import check_images
from bot.operations.deletion_findings import deletion_findings
from bot.operations.findings import Finding, State
from bot.operations.heartbeat import Heartbeat, life_finding, role_findings
from bot.operations.held_votes_finding import held_votes_finding
from bot.operations.object_store_check import ObjectStoreCheck
from bot.operations.old_rows import old_rows_finding
from bot.operations.scheduled_backup import backups_finding
from bot.operations.service_findings import service_findings
from bot.people.identity import find_key
from bot.people.key_check import PeopleKeyRefused, check_key, known_fingerprint
from bot.reports.monitoring import champion_health, community_health
from bot.reports.skill import Skill
from bot.settings import Settings
from bot.training.schedule import new_labels
from models.extras import INSTALL_TRAIN, train_is_installed
from storage.engine.database import Database
from storage.engine.faults import DATABASE_ERRORS
from storage.engine.migrate import HEAD, DatabaseTooNew, revision
from storage.queries.services import DOCTOR
from storage.swap import finish_swap
from storage.tables import Notice, Post


async def examine(settings: Settings, now: datetime, *, deep: bool = False) -> list[Finding]:
    """Check everything. A row is written and taken back; nothing else is changed.

    Args:
        settings: what is set.
        now: aware.
        deep: whether to read every stored image file, which takes a while.
    """
    # A restore that was cut short is carried through before anything is looked at.
    await asyncio.to_thread(finish_swap, settings.data_dir)
    findings = [disk(settings)]
    file = _sqlite_file(settings)
    if file is not None and not await asyncio.to_thread(file.is_file):
        sentence = (
            f"There is none at {file} yet. `main.py run` makes it; `main.py restore` brings a"
            " backup back."
        )
        return [Finding("database", State.TROUBLE, sentence), *findings]
    database = Database(settings.url)
    try:
        return await _examine(settings, database, findings, now, deep=deep)
    except DATABASE_ERRORS as error:
        return [database_trouble(error), *findings]
    finally:
        await database.close()


async def _examine(
    settings: Settings, database: Database, findings: list[Finding], now: datetime, *, deep: bool
) -> list[Finding]:
    at = await revision(database)
    if at != HEAD:
        sentence = f"It is at version {at}, this Peoria at {HEAD}: run `main.py db upgrade`."
        if at is not None and at > HEAD:
            sentence = str(DatabaseTooNew(at))
        return [Finding("database", State.TROUBLE, sentence), *findings]
    life = await database.run_read(lambda session: life_finding(session, now))
    cannot_write = await _write(database, now)
    object_store = await asyncio.to_thread(ObjectStoreCheck(settings).look)
    findings += object_store
    if deep and all(each.state is not State.TROUBLE for each in object_store):
        images = settings.image_place.open()
        try:
            findings.append(await check_images(database, images))
        finally:
            images.close()
    champion = await ChampionFiles(settings).look(database)
    async with database.read() as session:
        return [
            cannot_write or await _database(session, settings),
            *findings,
            life,
            *await session.run_sync(_people_key, settings),
            await _champion(champion, session, now),
            await session.run_sync(last_run),
            backups_finding(settings, now),
            *_train_extra(settings),
            await _labels(session, settings, now),
            await session.run_sync(due_work, now),
            await _notices(session, now),
            *await session.run_sync(held_votes_finding, settings, now),
            _platforms(settings),
            *await session.run_sync(service_findings, now),
            *await session.run_sync(role_findings, now),
            *await session.run_sync(batch_findings, now),
            *await session.run_sync(deletion_findings, now),
            await session.run_sync(old_rows_finding, settings),
            *await _communities(session, now),
        ]


async def _write(database: Database, now: datetime) -> Finding | None:
    """Write a row and take it back; None where that works."""
    heartbeat = Heartbeat(database, clock=lambda: now, process=DOCTOR)
    cannot_write = await database_write(heartbeat)
    if cannot_write is None:
        await heartbeat.end()
    return cannot_write


def _people_key(session: Session, settings: Settings) -> list[Finding]:
    """A line where the key of people's hashes is not the one of the database."""
    try:
        key = find_key(settings.data_dir, settings.secret_key)
        check_key(known_fingerprint(session), key, settings.data_dir)
    except PeopleKeyRefused as refusal:
        return [Finding("people", State.TROUBLE, str(refusal))]
    return []


def _sqlite_file(settings: Settings) -> Path | None:
    url = make_url(settings.url)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


async def _database(session: AsyncSession, settings: Settings) -> Finding:
    posts = await session.scalar(select(func.count()).select_from(Post))
    file = _sqlite_file(settings)
    if file is None:
        url = make_url(settings.url)
        where = f"PostgreSQL {url.database} on {url.host}"
        return Finding("database", State.WELL, f"{where}, {posts:,} posts.")
    check = (await (await session.connection()).exec_driver_sql("PRAGMA quick_check(1)")).scalar()
    # What was written last lies beside it for a while.
    beside = [path.stat().st_size for path in file.parent.glob(f"{file.name}-wal")]
    size = (file.stat().st_size + sum(beside)) / 2**20
    if check != "ok":
        return Finding(
            "database",
            State.TROUBLE,
            f"{file} is damaged ({check}). Stop Peoria and restore a backup.",
        )
    return Finding("database", State.WELL, f"{file}, {size:.1f} MB, {posts:,} posts, whole.")


async def _champion(files: Finding, session: AsyncSession, now: datetime) -> Finding:
    """The line on the champion's files, and how good it is."""
    health = await champion_health(session, now)
    if health is None or files.state is not State.WELL:
        return files
    recent = health.recent
    if recent is None:
        sentence = f"{files.sentence} None of its posts was scored in the last days."
        return Finding("champion", State.WELL, sentence)
    sentence = f"{files.sentence} {_skill_words(recent)}."
    if health.is_worse_than_made and health.when_made:
        low, high = health.when_made
        sentence += f" That is less than it was made with ({low:+.3f} … {high:+.3f})."
        return Finding("champion", State.LOOK, sentence)
    return Finding("champion", State.WELL, sentence)


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
        "Lemmy": settings.lemmy_instance,
        "Mastodon": settings.mastodon_instance,
        "Bluesky": settings.bluesky_handle,
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
