"""Model versions go into the object store where they were made, and come out where they serve."""

import asyncio
import logging
import shutil
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import select

from bot.runtime.clock import Clock
from bot.training.first_version import is_shipped
from bot.training.shared_models import SharedModels
from models.backbone import BackboneUnusable
from models.backbone_files import find_backbone
from models.registry import MANIFEST, VersionUnusable, read_version
from storage.engine.database import Database
from storage.errors import ExpectedError
from storage.objects.faults import ObjectStoreFault
from storage.tables import ModelVersion

log = logging.getLogger(__name__)

#: What is in the object store and has no row may be of a version that is being made.
_GRACE = timedelta(days=1)


class ChampionElsewhere(ExpectedError):
    """What serves is neither here nor in the object store; the message says what to do."""


class ModelExchange:
    """Keeps the versions here, in the object store, and in the database's table the same.

    Args:
        database: knows which versions there are.
        shared: the object store's; None: there is none, and nothing is ever done.
        versions_dir: holds a folder for each model version.
        backbones_dir: holds a folder for each backbone.
    """

    def __init__(
        self,
        database: Database,
        shared: SharedModels | None,
        *,
        versions_dir: Path,
        backbones_dir: Path,
        clock: Clock,
    ) -> None:
        self._database = database
        self._shared = shared
        self._versions_dir = versions_dir
        self._backbones_dir = backbones_dir
        self._clock = clock
        self._is_away = False

    async def bring_champion(self) -> None:
        """Make sure that what serves is here, before anything else is made to serve in its place.

        Raises:
            ChampionElsewhere: it is neither here nor in the object store.
            ObjectStoreFault: it is not here, and the object store cannot be used.
        """
        if self._shared is None:
            return
        async with self._database.read() as session:
            champion = (
                await session.scalars(select(ModelVersion).where(ModelVersion.is_champion))
            ).one()
        if is_shipped(champion.name):
            return
        await asyncio.to_thread(self._shared.bring, champion.name)
        try:
            await asyncio.to_thread(self._check, champion.name)
        except (VersionUnusable, BackboneUnusable) as error:
            raise ChampionElsewhere(
                f"{error} The object store does not have it either. Start the machine first that"
                " has it, which puts it there within a minute. If it is lost, let another version"
                " serve here: PEORIA_IMAGES_URL= main.py models promote NAME"
            ) from error

    async def exchange(self) -> int:
        """Put and fetch what is missing, delete what was dropped; return how much that was.

        While the object store cannot be used, nothing is done, and a warning says so once.
        """
        if self._shared is None:
            return 0
        async with self._database.read() as session:
            rows = await session.execute(select(ModelVersion.name, ModelVersion.dropped_at))
            is_dropped = {name: moment is not None for name, moment in rows}
        try:
            done = await asyncio.to_thread(self._exchange, self._shared, is_dropped)
        except ObjectStoreFault as fault:
            if not self._is_away:
                log.warning("Model versions are not exchanged: %s", fault)
            self._is_away = True
            return 0
        self._is_away = False
        return done

    def _exchange(self, shared: SharedModels, is_dropped: dict[str, bool]) -> int:
        there = dict(shared.names())
        done = 0
        for name, dropped in is_dropped.items():
            if dropped:
                done += self._delete_here(name)
            else:
                done += self._bring_or_put(shared, name, is_there=name in there)
        for name, put_at in there.items():
            if is_dropped.get(name, self._clock() - put_at > _GRACE):
                shared.drop(name)
                log.info("Model version %s is no longer needed in the object store.", name)
                done += 1
        return done

    def _bring_or_put(self, shared: SharedModels, name: str, *, is_there: bool) -> bool:
        is_here = (self._versions_dir / name / MANIFEST).is_file()
        try:
            if is_here:
                shared.put(name)
            elif is_there:
                shared.bring(name)
        except (VersionUnusable, BackboneUnusable) as error:
            if not is_there:
                log.warning("It cannot be put into the object store: %s", error)
                return False
            shared.bring(name)
        return is_here != is_there

    def _delete_here(self, name: str) -> bool:
        folder = self._versions_dir / name
        if not folder.is_dir():
            return False
        # A half-deleted folder must not have a version's name.
        renamed = folder.rename(folder.with_name(f".dropped-{uuid4().hex}"))
        shutil.rmtree(renamed, ignore_errors=True)
        return True

    def _check(self, name: str) -> None:
        manifest = read_version(self._versions_dir / name)
        find_backbone(self._backbones_dir, manifest.backbone)
