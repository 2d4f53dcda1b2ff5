"""Deleting image files that are no longer needed."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import select, update

from bot.runtime.clock import Clock
from storage.engine.database import Database
from storage.files.image_store import ImageStore
from storage.tables import Image, PostImage

log = logging.getLogger(__name__)

#: Files younger than this may belong to a post that is being stored just now.
GRACE = timedelta(days=1)


class ImageCleanup:
    """Drops image files whose retention time is over, and those that no row refers to.

    Args:
        database: holds the rows.
        images: the files.
        keep_days: days for which the files of posted images are kept. Their embeddings stay.
    """

    def __init__(
        self, database: Database, images: ImageStore, *, keep_days: float, clock: Clock
    ) -> None:
        self._database = database
        self._images = images
        self._keep = timedelta(days=keep_days)
        self._clock = clock

    async def sweep(self) -> int:
        """Drop what is no longer needed; return how many files that were."""
        await self._drop_old()
        async with self._database.read() as session:
            used = set(
                await session.scalars(select(Image.sha256).where(Image.dropped_at.is_(None)))
            )
            waiting = await session.scalars(
                select(PostImage.source).where(
                    PostImage.image_id.is_(None),
                    PostImage.refusal.is_(None),
                    PostImage.source.startswith("sha256:"),
                )
            )
            used.update(source.removeprefix("sha256:") for source in waiting)
        dropped, missing = await self._images.on_thread(
            self._drop_unused, used, self._clock() - GRACE
        )
        await self._mend(missing)
        if dropped:
            log.info("Dropped %s image files that are no longer needed.", dropped)
        return dropped

    async def _drop_old(self) -> None:
        """Mark old images first: a file is deleted only when no row says that it is there."""
        async with self._database.write() as session:
            await session.execute(
                update(Image)
                .where(Image.dropped_at.is_(None), Image.stored_at < self._clock() - self._keep)
                .values(dropped_at=self._clock())
            )

    def _drop_unused(self, used: set[str], before: datetime) -> tuple[int, set[str]]:
        """Drop what is not used; return how many that were, and what is missing and has a copy."""
        dropped, missing = 0, set(used)
        for stored in self._images.stored():
            if not stored.is_copy:
                missing.discard(stored.name)
            if stored.name not in used and stored.modified < before:
                try:
                    self._images.remove(stored)
                except OSError:
                    log.exception("An image file that is no longer needed cannot be deleted.")
                else:
                    dropped += 1
        return dropped, {sha256 for sha256 in missing if self._images.has_copy(sha256)}

    async def _mend(self, missing: set[str]) -> None:
        """Store images again that were lost, from their copies."""
        for sha256 in sorted(missing):
            async with self._database.read() as session:
                kept = select(Image.id).where(Image.sha256 == sha256, Image.dropped_at.is_(None))
                # Not what was erased meanwhile.
                if await session.scalar(kept) is None:
                    continue
            if await self._images.on_thread(self._images.mend, sha256):
                log.warning("The image %s was lost, and is stored again.", sha256[:12])
