"""The image of each imported post: from a folder or the web, stored and embedded."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from bot.runtime.download import Downloader, DownloadFailed, DownloadRefused
from bot.serving.champion import Champion, ChampionServer
from bot.serving.embed import EmbeddedImage
from models.decoding import ImageRefused
from storage.files.image_store import ImageStore
from storage.files.posts_export import FilePost, find_image

#: So many downloads in a row without any connection mean that there is no network.
NO_NETWORK = 16


@dataclass(frozen=True, slots=True)
class PostWithImage:
    """A post of the file whose image is stored on disk and embedded.

    Attributes:
        post: as the file has it.
        sha256: of the image's file, hexadecimal.
        image: decoded and embedded.
    """

    post: FilePost
    sha256: str
    image: EmbeddedImage


@dataclass(frozen=True, slots=True)
class PostWithoutImage:
    """A post of the file without a usable image, and why, in a sentence."""

    post: FilePost
    reason: str


class ImageImport:
    """Reads the images of posts, several at the same time.

    Args:
        images: where the files are stored.
        server: embeds them.
        downloader: downloads what the folder does not have.
        folder: of the images, named by the posts' ids; None: download them all.
        at_once: images that are read at the same time.
    """

    def __init__(
        self,
        images: ImageStore,
        server: ChampionServer,
        downloader: Downloader,
        *,
        folder: Path | None,
        at_once: int,
    ) -> None:
        self._images = images
        self._server = server
        self._downloader = downloader
        self._folder = folder
        self._at_once = asyncio.Semaphore(at_once)
        self._failures_in_a_row = 0

    async def read(self, post: FilePost, champion: Champion) -> PostWithImage | PostWithoutImage:
        """Find the image of a post, store its file and embed it."""
        async with self._at_once:
            try:
                data = await self._data(post)
                image = await self._server.embed(data, champion.backbone)
                sha256 = await asyncio.to_thread(self._images.put, data)
            except (DownloadRefused, DownloadFailed, ImageRefused) as error:
                return PostWithoutImage(post, str(error))
            return PostWithImage(post, sha256, image)

    async def _data(self, post: FilePost) -> bytes:
        if self._folder is not None:
            path = await asyncio.to_thread(find_image, self._folder, post.source_id)
            if path is not None:
                return await asyncio.to_thread(path.read_bytes)
        if post.media is None:
            raise DownloadRefused("There is no file for it and no link to one.")
        if self._failures_in_a_row >= NO_NETWORK:
            raise DownloadFailed("Not tried: none of the downloads before it got a connection.")
        try:
            data = await self._downloader.fetch(post.media)
        except DownloadFailed:
            self._failures_in_a_row += 1
            raise
        except DownloadRefused:
            self._failures_in_a_row = 0
            raise
        self._failures_in_a_row = 0
        return data
