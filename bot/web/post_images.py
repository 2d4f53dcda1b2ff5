"""The images of posts, as they were posted."""

import asyncio
from pathlib import Path

from aiohttp import web
from sqlalchemy import select

from bot.web.refusals import Refusal
from bot.web.services import Services
from storage.tables import Image, Post, PostImage
from storage.types import PlatformName, PostState

_CONTENT_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
}
_GONE = "This image is not here, or not here any more."


class PostImages:
    """Serves images of the board's posts, and no others."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """GET /images/{id}."""
        query = (
            select(Image)
            .join(PostImage, PostImage.image_id == Image.id)
            .join(Post, Post.id == PostImage.post_id)
            .where(
                Image.id == int(request.match_info["id"]),
                Post.platform == PlatformName.WEB,
                Post.state != PostState.WITHDRAWN,
                Post.hidden_at.is_(None),
            )
            .limit(1)
        )
        async with self._services.database.read() as session:
            image = await session.scalar(query)
        if image is None or image.dropped_at is not None:
            raise Refusal(404, _GONE)
        path = self._services.images.path(image.sha256)
        if not await asyncio.to_thread(_is_whole, path, image.bytes):
            raise Refusal(404, _GONE)
        return web.FileResponse(
            path,
            headers={
                "Content-Type": _CONTENT_TYPES[image.format],
                # Whatever a file pretends to be, nothing in it runs.
                "Content-Security-Policy": "default-src 'none'; sandbox",
                "Content-Disposition": "inline",
                "Cache-Control": "private, max-age=31536000, immutable",
            },
        )


def _is_whole(path: Path, size: int) -> bool:
    """Whether the file is there, and neither emptied nor cut short."""
    try:
        return path.stat().st_size == size
    except OSError:
        return False
