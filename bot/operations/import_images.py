"""The image of each imported post: from a folder or the web, stored and embedded."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from bot.operations.import_downloads import HostDownloads, host_of
from bot.operations.import_placeholders import is_known_size, stands_in
from bot.runtime.download import DownloadFailed, DownloadRefused
from bot.serving.champion import Champion, ChampionServer
from bot.serving.embed import UndescribedImage
from models.decoding import ImageRefused, ImageUnread
from storage.files.image_folder import ImageFolder, read_image_file
from storage.files.image_store import ImageStore
from storage.files.posts_export import FilePost


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
    image: UndescribedImage


@dataclass(frozen=True, slots=True)
class PostWithoutImage:
    """A post of the file without a usable image.

    Attributes:
        post: as the file has it.
        reason: why, in a sentence.
        for_now: it says nothing of the image: another try may find it.
    """

    post: FilePost
    reason: str
    for_now: bool = False


class ImageImport:
    """Reads the images of posts, several at the same time.

    Args:
        images: where the files are stored.
        server: embeds them.
        downloads: downloads what the folder does not have.
        folder: of the images, named by the posts' ids; None: download them all.
        at_once: images that are decoded and stored at the same time.
    """

    def __init__(
        self,
        images: ImageStore,
        server: ChampionServer,
        downloads: HostDownloads,
        *,
        folder: ImageFolder | None,
        at_once: int,
    ) -> None:
        self._images = images
        self._server = server
        self._downloads = downloads
        self._folder = folder
        self._at_once = asyncio.Semaphore(at_once)

    def source(self, post: FilePost) -> str:
        """The host that a post's image would come from; empty: none, it is in the folder."""
        if self.path(post) is not None or post.media is None:
            return ""
        return host_of(post.media)

    def path(self, post: FilePost) -> Path | None:
        """The image of a post in the folder; None where it has none there."""
        return None if self._folder is None else self._folder.find(post.source_id, post.file)

    def try_hosts_again(self) -> None:
        """Ask hosts that were given up once more."""
        self._downloads.try_again()

    async def read(self, post: FilePost, champion: Champion) -> PostWithImage | PostWithoutImage:
        """Find the image of a post, store its file and embed it."""
        try:
            data = await self._data(post)
            async with self._at_once:
                image = await self._server.embed_undescribed(data, champion.backbone)
                if is_known_size(image.image):
                    return PostWithoutImage(post, "The image was removed: this is a placeholder.")
                sha256 = await self._images.on_thread(self._images.put, data)
        except (DownloadRefused, ImageRefused) as error:
            return PostWithoutImage(post, str(error), for_now=isinstance(error, ImageUnread))
        except DownloadFailed as error:
            return PostWithoutImage(post, str(error), for_now=True)
        return PostWithImage(post, sha256, image)

    async def _data(self, post: FilePost) -> bytes:
        path = self.path(post)
        if path is not None:
            most = self._server.limits.max_bytes
            try:
                return await asyncio.to_thread(read_image_file, path, max_bytes=most)
            except OSError as error:
                raise DownloadRefused(
                    f"Its file cannot be read: {error.strerror or error}."
                ) from error
        if post.media is None:
            raise DownloadRefused("There is no file for it and no link to one.")
        found = await self._downloads.download(post.media)
        if (sentence := stands_in(post.media, found)) is not None:
            raise DownloadRefused(sentence)
        return found.data
