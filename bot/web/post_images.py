"""The images of posts: the picture that was posted, without what its file says besides."""

import asyncio
import io
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from PIL.Image import Image as Picture
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from bot.texts.translate import mark
from bot.visibility import by_address
from bot.web.refusals import Refusal
from bot.web.services import Services
from bot.web.turns import READING
from bot.web.visitors import Visitor, viewer_of, visitor_of
from models.decoding import ImageRefused
from storage.files.public_copy.make import FORMATS, public_copy
from storage.files.public_copy.pieces import NotUnderstood, Piece, PublicCopy
from storage.objects.remote_image_store import RemoteImageStore
from storage.tables import Image, Post, PostImage
from storage.types import PostState

_CONTENT_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
}
_GONE = mark("This image is not here, or not here any more.")
#: Newest posts of an image that are asked whether it may be shown.
_POSTS = 50
#: Copies that are remembered: each is a few numbers.
_COPIES = 500
#: Bytes that are read and sent at a time.
_CHUNK = 2**17
#: About how large a picture is drawn anew that browsers do not know, pixels a side.
_DRAWN = 1024


class PostImages:
    """Serves images of posts that may be shown, and no others."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._images = services.images
        self._signed_seconds = services.settings.signed_url_minutes * 60
        self._copies: OrderedDict[str, PublicCopy] = OrderedDict()
        # One image at a time is in memory.
        self._working = asyncio.Lock()
        self._making = threading.Lock()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """GET /images/{id}."""
        # A turn lasts until the image is found: it is sent for as long as its reader takes.
        async with request.config_dict[READING].take():
            image = await self._find(int(request.match_info["id"]), visitor_of(request))
        if self._signed_seconds and isinstance(self._images, RemoteImageStore):
            return await self._send_elsewhere(self._images, image)
        path = await self._local(image)
        headers = {
            "Content-Type": _CONTENT_TYPES.get(image.format, "image/jpeg"),
            # Whatever a file pretends to be, nothing in it runs.
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Content-Disposition": "inline",
            "Cache-Control": "private, max-age=31536000, immutable",
            "ETag": f'"{image.sha256[:32]}"',
        }
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers={"ETag": headers["ETag"]})
        try:
            copy = await self._copy(path, image)
        except NotUnderstood:
            headers["Content-Type"] = "image/jpeg"
            return web.Response(body=await self._draw(path), headers=headers)
        return _CopyResponse(path, copy, headers, partial(self._images.local, image.sha256))

    async def _local(self, image: Image) -> Path:
        """A whole file of an image on this machine."""
        try:
            path = await self._images.on_thread(self._images.local, image.sha256)
        except FileNotFoundError as error:
            raise Refusal(404, _GONE) from error
        if not await asyncio.to_thread(_is_whole, path, image.bytes):
            raise Refusal(404, _GONE)
        return path

    async def _send_elsewhere(self, images: RemoteImageStore, image: Image) -> web.Response:
        """Send the visitor, who may see the image, to its public copy in the object store."""

        loop = asyncio.get_running_loop()

        def draw(data: bytes) -> bytes:
            return asyncio.run_coroutine_threadsafe(self._drawn(data), loop).result()

        def make() -> tuple[bytes, str]:
            with self._making:
                return _public_bytes(images.local(image.sha256), image.format, draw)

        sign = partial(images.public_url, image.sha256, seconds=self._signed_seconds, make=make)
        try:
            url = await images.on_thread(sign)
        except (FileNotFoundError, ImageRefused) as error:
            raise Refusal(404, _GONE) from error
        # Asked for again while there is still time to read it.
        age = round(self._signed_seconds / 2)
        headers = {"Location": url, "Cache-Control": f"private, max-age={age}"}
        return web.Response(status=302, headers=headers)

    async def _find(self, image_id: int, visitor: Visitor) -> Image:
        query = (
            select(Post)
            .join(PostImage, PostImage.post_id == Post.id)
            .where(PostImage.image_id == image_id, Post.state != PostState.WITHDRAWN, by_address())
            .options(joinedload(Post.community))
            .order_by(Post.id.desc())
            .limit(_POSTS)
        )
        async with self._services.database.read() as session:
            viewer = await viewer_of(session, visitor)
            image = await session.get(Image, image_id)
            shown = any(
                self._services.visibility.shows(post.community, viewer) and not post.is_spoiler
                for post in await session.scalars(query)
            )
        if image is None or image.dropped_at is not None or not shown:
            raise Refusal(404, _GONE)
        return image

    async def _copy(self, path: Path, image: Image) -> PublicCopy:
        copy = self._copies.get(image.sha256)
        if copy is None:
            async with self._working:
                copy = await asyncio.to_thread(_copy_of, path, image.format)
            self._copies[image.sha256] = copy
            if len(self._copies) > _COPIES:
                self._copies.popitem(last=False)
        return copy

    async def _draw(self, path: Path) -> bytes:
        """The picture drawn anew, where what else is in its file cannot be told apart."""
        async with self._working:
            try:
                return await self._drawn(await asyncio.to_thread(path.read_bytes))
            except ImageRefused as error:
                raise Refusal(404, _GONE) from error

    async def _drawn(self, data: bytes) -> bytes:
        pixels = await self._services.core.serving.pixels(data, size=_DRAWN)
        return await asyncio.to_thread(_jpeg, pixels)


def _copy_of(path: Path, image_format: str) -> PublicCopy:
    if image_format not in FORMATS:
        raise NotUnderstood
    return public_copy(path.read_bytes(), image_format)


def _public_bytes(
    path: Path, image_format: str, draw: Callable[[bytes], bytes]
) -> tuple[bytes, str]:
    """All of a public copy, and its media type."""
    try:
        copy = _copy_of(path, image_format)
    except NotUnderstood:
        return draw(path.read_bytes()), "image/jpeg"
    return copy.of(path.read_bytes()), _CONTENT_TYPES[image_format]


def _jpeg(picture: Picture) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90)
    return file.getvalue()


class _CopyResponse(web.StreamResponse):
    """Sends a copy piece by piece: no image is in memory for as long as its reader takes."""

    def __init__(
        self,
        path: Path,
        copy: PublicCopy,
        headers: dict[str, str],
        fetch: Callable[[], Path],
    ) -> None:
        super().__init__(headers=headers)
        self._fetch = fetch
        self.content_length = copy.size
        self._path = path
        self._pieces = copy.pieces
        self._has_body = False

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the head."""
        self._has_body = request.method != "HEAD"
        return await super().prepare(request)

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the pieces, after the head was sent.

        Raises:
            ConnectionResetError: the reader went away, or the file was cut short meanwhile.
        """
        pieces, self._pieces = self._pieces if self._has_body else (), ()
        if pieces:
            with await asyncio.to_thread(self._open) as file:
                for piece in pieces:
                    await self._write_piece(file, piece)
        await super().write_eof(data)

    def _open(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except FileNotFoundError:
            # A copy that made room for others since.
            return self._fetch().open("rb")

    async def _write_piece(self, file: BinaryIO, piece: Piece) -> None:
        if isinstance(piece, bytes):
            await self.write(piece)
            return
        position, end = piece
        while position < end:
            data = await asyncio.to_thread(_read, file, position, min(_CHUNK, end - position))
            if not data:
                raise ConnectionResetError("the file is shorter than it was")
            await self.write(data)
            position += len(data)


def _read(file: BinaryIO, position: int, length: int) -> bytes:
    file.seek(position)
    return file.read(length)


def _is_whole(path: Path, size: int) -> bool:
    """Whether the file is there, and neither emptied nor cut short."""
    try:
        return path.stat().st_size == size
    except OSError:
        return False
