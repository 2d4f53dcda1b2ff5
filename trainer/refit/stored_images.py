"""Images of labelled posts from the image store, saved in other ways and forecast again."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import select

from models.backbone import Backbone, BackboneUnusable
from models.backbone_files import find_backbone
from models.decoding import ImageRefused, decode
from models.head import Head
from storage.engine.database import Database
from storage.files.image_store import ImageStore
from storage.objects.faults import ObjectStoreFault
from storage.tables import Image
from trainer.data.labelled_posts import LabelledPosts
from trainer.data.splits import Rows
from trainer.evaluation.reencoded import SAMPLE, Reencoded, reencoded


@dataclass(frozen=True, slots=True)
class StoredImages:
    """What is needed to embed stored images again.

    Attributes:
        database_url: names the images.
        store: holds their bytes, for as long as images are kept.
        backbones_root: folder of the backbones.
        backbone: fingerprint of the one that the head is fitted on.
        seed: of the draw.
    """

    database_url: str
    store: ImageStore
    backbones_root: Path
    backbone: str
    seed: int

    def resave(self, head: Head, posts: LabelledPosts, rows: Rows) -> list[Reencoded] | str:
        """Forecasts of at most `SAMPLE` of the posts' images saved in other ways.

        Returns:
            a row for each way, or a sentence why it cannot be measured.
        """
        try:
            backbone = Backbone.load(find_backbone(self.backbones_root, self.backbone))
        except BackboneUnusable as error:
            return str(error)
        drawn = np.random.default_rng(self.seed).permutation(rows)[:SAMPLE]
        names = asyncio.run(self._names([f"{int(each):016x}" for each in posts.phash[drawn]]))
        images, kept = [], []
        for row in drawn:
            try:
                content = self._read(names.get(f"{int(posts.phash[row]):016x}"))
            except ObjectStoreFault as fault:
                return str(fault)
            if content is not None:
                images.append(content)
                kept.append(row)
        if not images:
            return "The images are no longer kept."
        groups = {name: values[np.array(kept)] for name, values in posts.groups.items()}
        return reencoded(head, backbone, images, groups)

    async def _names(self, hashes: list[str]) -> dict[str, str]:
        """SHA-256 of an image with each perceptual hash."""
        database = Database(self.database_url)
        try:
            async with database.read() as session:
                rows = await session.execute(
                    select(Image.phash, Image.sha256).where(Image.phash.in_(hashes))
                )
                return {row.phash: row.sha256 for row in rows}
        finally:
            await database.close()

    def _read(self, sha256: str | None) -> bytes | None:
        """An image that is kept and can be decoded."""
        if sha256 is None:
            return None
        try:
            content = self.store.get(sha256)
            decode(content)
        except (FileNotFoundError, ImageRefused):
            return None
        return content
