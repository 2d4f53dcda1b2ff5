"""Images that visitors give the addresses of."""

import asyncio
from collections.abc import Sequence

from bot.runtime.download import Downloader
from bot.serving.image_sources import ImageSource, SourceUnread, read_image
from bot.texts.translate import gettext as _
from bot.web.upload import MOST_BYTES, too_large_together

#: Images that are fetched at the same time: platforms need the downloader, too.
_AT_ONCE = 2


class Addresses:
    """Fetches what visitors give the addresses of, a few images at a time.

    Args:
        downloader: fetches them, within its bounds and from public hosts only.
        max_bytes: the largest image.
        seconds: the longest time for all images of one form, which may come as slowly as whoever
            runs their host likes.
    """

    def __init__(self, downloader: Downloader, *, max_bytes: int, seconds: float) -> None:
        self._downloader = downloader
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def fetch(
        self, addresses: Sequence[str], *, room: int = MOST_BYTES
    ) -> list[tuple[str, bytes | SourceUnread]]:
        """Each address with its image, or with why it cannot be had.

        Args:
            addresses: of one form.
            room: how large the images may be together, bytes.
        """
        ends_at = asyncio.get_running_loop().time() + self._seconds
        found: list[tuple[str, bytes | SourceUnread]] = []
        for address in addresses:
            image = await self._fetch(address, ends_at) if room >= 0 else b""
            room -= len(image) if isinstance(image, bytes) else 0
            found.append((address, image if room >= 0 else SourceUnread(too_large_together())))
        return found

    async def _fetch(self, address: str, ends_at: float) -> bytes | SourceUnread:
        if not address.lower().startswith(("http://", "https://")):
            # It could be a file here.
            return SourceUnread(_("This is not a web address."))
        try:
            async with asyncio.timeout_at(ends_at), self._places:
                return await read_image(ImageSource(address), self._downloader, self._max_bytes)
        except SourceUnread as unread:
            return unread
        except TimeoutError:
            sentence = _(
                "The pictures took longer than {seconds} s to arrive; try fewer or smaller ones."
            )
            return SourceUnread(sentence.format(seconds=f"{self._seconds:g}"))
