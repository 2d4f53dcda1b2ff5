"""What drove a post's prediction, as a picture."""

import asyncio

from bot.core import Core
from models.decoding import ImageRefused
from models.facts import facts_of
from storage.queries.posts import load_post
from storage.tables import Image


async def explain_post(core: Core, post_id: int) -> bytes | None:
    """Paint over the predicted image of a post what speaks for it and what against.

    Returns:
        a PNG file; None where there is no prediction, its file is gone, or nothing can be said.
    """
    async with core.database.read() as session:
        post = await load_post(session, post_id)
        if post is None or not post.prediction_rows:
            return None
        image = await session.get_one(Image, post.prediction_rows[0].image_id)
        facts = await facts_of(session, post_id, image.id)
    try:
        data = await asyncio.to_thread(core.images.get, image.sha256)
    except FileNotFoundError:
        return None
    try:
        return await core.serving.explain(data, facts)
    except ImageRefused:
        # Limits were lowered since it was predicted.
        return None
