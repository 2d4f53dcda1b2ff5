"""Finds the images of a post: fetches them, makes them safe, embeds and stores them."""

from dataclasses import dataclass, field

from bot.posts.ingest import STORED
from bot.runtime.download import Downloader, DownloadFailed, DownloadRefused, ImageAbsent
from bot.serving.champion import Champion, ChampionServer
from bot.serving.embed import UndescribedImage
from models.decoding import ImageRefused, ImageUnread
from storage.files.image_store import ImageStore
from storage.tables import Post, PostImage

#: Why an image is refused whose host never said anything of it.
UNREACHED = "The image could not be downloaded."


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image that was made safe, embedded and put into the image store."""

    position: int
    source: str
    sha256: str
    embedded: UndescribedImage


@dataclass(slots=True)
class FoundImages:
    """The images of a post, as far as they were found.

    Attributes:
        usable: in the order of their positions.
        refused: why some cannot be used, a sentence by position.
        missing: why some did not arrive this time, by position.
    """

    usable: list[FoundImage] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    missing: dict[int, DownloadFailed | ImageAbsent | ImageUnread] = field(default_factory=dict)

    def give_up(self) -> None:
        """Count images that never arrived as refused, each with the reason."""
        for position, why in self.missing.items():
            self.refused[position] = UNREACHED if isinstance(why, DownloadFailed) else str(why)
        self.missing = {}


class ImageFinder:
    """Finds images in the image store or downloads them.

    Args:
        attributes_at_once: whether their attributes are read as well.
    """

    def __init__(
        self,
        images: ImageStore,
        serving: ChampionServer,
        downloader: Downloader,
        *,
        attributes_at_once: bool = False,
    ) -> None:
        self._images = images
        self._serving = serving
        self._downloader = downloader
        self._attributes_at_once = attributes_at_once

    async def find(self, post: Post, champion: Champion) -> FoundImages:
        """Find a post's images, and embed them with the champion's backbone.

        Args:
            post: with its images loaded.
            champion: whose backbone embeds.
        """
        found = FoundImages()
        for place in post.images:
            if place.refusal is not None:
                found.refused[place.position] = place.refusal
                continue
            try:
                stored, data = await self._fetch(place)
                embedded = await self._embed(data, champion)
            except (DownloadFailed, ImageAbsent, ImageUnread) as failure:
                found.missing[place.position] = failure
            except (ImageRefused, DownloadRefused) as refusal:
                found.refused[place.position] = str(refusal)
            else:
                sha256 = stored
                if sha256 is None:
                    sha256 = await self._images.on_thread(self._images.put, data)
                found.usable.append(FoundImage(place.position, place.source, sha256, embedded))
        return found

    async def _embed(self, data: bytes, champion: Champion) -> UndescribedImage:
        if self._attributes_at_once:
            return await self._serving.embed(data, champion.backbone)
        return await self._serving.embed_undescribed(data, champion.backbone)

    async def _fetch(self, place: PostImage) -> tuple[str | None, bytes]:
        """The bytes of an image; before them their SHA-256 where the image store has them."""
        if place.image is not None:
            # An earlier try stored it; its link may have expired since.
            sha256 = place.image.sha256
        elif place.source.startswith(STORED):
            sha256 = place.source.removeprefix(STORED)
        else:
            return None, await self._downloader.fetch(place.source)
        try:
            return sha256, await self._images.on_thread(self._images.get, sha256)
        except FileNotFoundError as error:
            raise ImageAbsent("The image's file is gone from the image store.") from error
