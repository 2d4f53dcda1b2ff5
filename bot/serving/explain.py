"""What spoke for and against a post in its prediction, as a picture."""

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image as Pixels

from bot.serving.champion import Champion, ChampionRef, ChampionServer
from models.decoding import ImageRefused
from models.facts import facts_of
from models.features import PostFacts
from models.heat_map import contributions, paint
from storage.engine.database import Database
from storage.files.image_store import ImageStore
from storage.queries.posts import load_post
from storage.tables import Image

#: Longer side of the picture that a heat map is painted on, pixels.
_PAINTED = 512


async def explain_post(
    database: Database, images: ImageStore, server: ChampionServer, post_id: int
) -> bytes | None:
    """Paint a heat map over the predicted image of a post: what speaks for it and what against.

    Returns:
        a PNG file; None where there is no prediction, the image's file is gone, or the version
        that serves the post's community cannot explain it.
    """
    async with database.read() as session:
        post = await session.run_sync(load_post, post_id)
        if post is None or not post.prediction_rows:
            return None
        image = await session.get_one(Image, post.prediction_rows[0].image_id)
        facts = await facts_of(session, post_id, image.id)
        version = await session.run_sync(server.find_champion, post.community)
    try:
        data = await images.on_thread(images.get, image.sha256)
    except FileNotFoundError:
        return None
    try:
        return await explain_image(server, data, facts, version)
    except ImageRefused:
        # The limits were lowered since it was predicted.
        return None


async def explain_image(
    server: ChampionServer, data: bytes, facts: PostFacts, version: ChampionRef | None = None
) -> bytes | None:
    """Paint over an image what speaks for it and what against, off the event loop.

    Args:
        server: loads the version that is asked.
        data: the image's file.
        facts: of its post.
        version: which; None: the champion.

    Returns:
        a PNG file; None where the version's backbone gives no map, or its head ignores images.

    Raises:
        ImageRefused: the bytes are not an image that can be used; the message says why.
    """
    champion = await (server.champion() if version is None else server.load(version))
    pixels, features = await server.feature_map(data, champion.backbone, size=_PAINTED)
    if features is None:
        return None
    return await server.on_thread(_heat_map, pixels, features, facts, champion)


def _heat_map(
    pixels: Pixels, features: NDArray[np.float32], facts: PostFacts, champion: Champion
) -> bytes | None:
    embedding = features.mean((0, 1))[np.newaxis]
    gradient = champion.head.percentile_gradient(embedding, [facts])[0]
    return paint(pixels, contributions(features, gradient)) if gradient.any() else None
