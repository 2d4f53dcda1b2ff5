"""Something serves after every start: what to do when the champion's files cannot.

A newer Peoria may compute other features than the champion's head was fitted on, a file may be
truncated, a folder may be gone. Then the version that served before goes on, and where none of
them can, the one that ships. The admins are told, and the next start trains on what is stored
(`bot.training.schedule`).
"""

import asyncio
import logging
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from bot.notices import NoticeKind, add_notice
from bot.training.first_version import add_first_version, is_shipped, ships_another
from bot.training.versions import find_version, make_champion
from models.backbone import BackboneUnusable
from models.backbone_files import STARTER, find_backbone, keep_backbone
from models.head import Head, HeadUnusable
from models.registry import VersionUnusable, read_version
from storage.engine.database import Database
from storage.tables import ModelVersion

log = logging.getLogger(__name__)

_UNUSABLE = (VersionUnusable, HeadUnusable, BackboneUnusable)


async def ensure_usable_champion(
    database: Database, versions_dir: Path, backbones_dir: Path, now: datetime
) -> None:
    """Make sure that the champion's files can serve; otherwise let another version serve.

    The backbone that it needs is copied into the data folder, so that a newer Peoria that ships
    another one takes nothing away. A champion that shipped with an older Peoria makes room for the
    one that ships with this.

    Args:
        database: with a champion.
        versions_dir: holds a folder for each model version.
        backbones_dir: holds a folder for each backbone.
        now: when another version is promoted, if one is.

    Raises:
        OSError: the data folder cannot be written.
    """
    async with database.read() as session:
        champion = (
            await session.scalars(select(ModelVersion).where(ModelVersion.is_champion))
        ).one()
    try:
        backbone = await asyncio.to_thread(
            _usable_backbone, champion.name, versions_dir, backbones_dir
        )
    except _UNUSABLE as error:
        why = str(error)
    else:
        if not await asyncio.to_thread(ships_another, champion.name, versions_dir):
            await asyncio.to_thread(keep_backbone, backbones_dir, backbone)
            return
        why = "A newer version ships with this Peoria."
    name = await _next_usable(database, versions_dir, backbones_dir, champion, now)
    if name == champion.name:
        log.warning("The files of model version %s were damaged, and are made anew: %s", name, why)
        return
    text = f"Model version {champion.name} cannot serve any longer: {why} {name} serves now."
    if not is_shipped(champion.name):
        text += " The next training run fits a new version on the labels that are stored."
    async with database.write() as session:
        row = await find_version(session, champion.name)
        if not row.is_champion:
            # Another process that starts has done the same.
            return
        other = await find_version(session, name)
        await make_champion(session, other, now)
        # There is no going back to files that cannot serve.
        other.replaced_id = None
        add_notice(session, NoticeKind.TRAINING, text, now=now)
    log.warning("%s", text)
    backbone = await asyncio.to_thread(find_backbone, backbones_dir, other.backbone)
    await asyncio.to_thread(keep_backbone, backbones_dir, backbone)


def why_unusable(name: str, versions_dir: Path, backbones_dir: Path) -> str | None:
    """Why the files of a model version cannot serve, a sentence or two; None: they can."""
    try:
        _usable_backbone(name, versions_dir, backbones_dir)
    except _UNUSABLE as error:
        return str(error)
    return None


def _usable_backbone(name: str, versions_dir: Path, backbones_dir: Path) -> Path:
    """The folder of the backbone that a model version needs, if all its files can serve.

    Raises:
        VersionUnusable, HeadUnusable, BackboneUnusable: they cannot.
    """
    manifest = read_version(versions_dir / name)
    Head.load(versions_dir / name)
    return find_backbone(backbones_dir, manifest.backbone)


async def _next_usable(
    database: Database,
    versions_dir: Path,
    backbones_dir: Path,
    champion: ModelVersion,
    now: datetime,
) -> str:
    """The version that is to serve instead: the newest that once did and can, or what ships.

    A challenger that the gate was against never serves.
    """
    if not is_shipped(champion.name):
        query = (
            select(ModelVersion.name)
            .where(
                ModelVersion.promoted_at.is_not(None),
                ModelVersion.dropped_at.is_(None),
                ModelVersion.id != champion.id,
            )
            .order_by(ModelVersion.promoted_at.desc(), ModelVersion.id.desc())
        )
        async with database.read() as session:
            names = list(await session.scalars(query))
        for name in names:
            if is_shipped(name):
                continue
            if await asyncio.to_thread(why_unusable, name, versions_dir, backbones_dir) is None:
                return name
    return await add_first_version(database, versions_dir, STARTER, now)
