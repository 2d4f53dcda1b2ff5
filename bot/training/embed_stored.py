"""Embedding the stored images with another backbone, before it may serve."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Row, select

from bot.serving.champion import ChampionServer
from bot.serving.embed import EmbeddedImage
from models.backbone import Backbone
from models.decoding import ImageRefused
from storage.engine.database import Database
from storage.engine.upsert import insert_if_new
from storage.files.image_store import ImageStore
from storage.tables import Embedding, Image

#: Images embedded between two writes.
BATCH = 64

#: Told what is being done, how far it is, and of how much (None: not known).
OnAdvance: TypeAlias = Callable[[str, int, int | None], None]


async def embed_stored_images(
    database: Database,
    images: ImageStore,
    server: ChampionServer,
    backbone: Backbone,
    on_advance: OnAdvance,
) -> tuple[int, int]:
    """Embed every stored image that ``backbone`` has not embedded yet.

    Interrupted, it goes on where it stopped when it is called again.

    Returns:
        how many were embedded, and how many were skipped: their file was dropped after its
        retention time, or cannot be decoded any more.
    """
    missing = await _missing(database, backbone.fingerprint)
    embedded = 0
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        results = await asyncio.gather(
            *(_embed(images, server, sha256, backbone) for _, sha256 in batch)
        )
        async with database.write() as session:
            for (image_id, _), image in zip(batch, results, strict=True):
                if image is not None:
                    embedded += 1
                    await session.run_sync(
                        insert_if_new,
                        Embedding,
                        image_id=image_id,
                        backbone=backbone.fingerprint,
                        vector=image.embedding.astype("<f2").tobytes(),
                    )
        on_advance("Embedding stored images", start + len(batch), len(missing))
    return embedded, len(missing) - embedded


async def _missing(database: Database, fingerprint: str) -> Sequence[Row[*tuple[Any, ...]]]:
    """Id and SHA-256 of the images that a backbone has not embedded."""
    query = (
        select(Image.id, Image.sha256)
        .outerjoin(
            Embedding, (Embedding.image_id == Image.id) & (Embedding.backbone == fingerprint)
        )
        .where(Embedding.image_id.is_(None))
        .order_by(Image.id)
    )
    async with database.read() as session:
        return (await session.execute(query)).all()


async def _embed(
    images: ImageStore, server: ChampionServer, sha256: str, backbone: Backbone
) -> EmbeddedImage | None:
    try:
        data = await images.on_thread(images.get, sha256)
        return await server.embed(data, backbone)
    except (FileNotFoundError, ImageRefused):
        # Dropped after its retention time, or decodable no more: counted as skipped.
        return None
