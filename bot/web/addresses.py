"""Images that visitors give the addresses of."""

from bot.runtime.download import Downloader
from bot.serving.image_sources import ImageSource, SourceUnread, read_image
from bot.texts.translate import gettext as _


async def fetch_image(address: str, downloader: Downloader, max_bytes: int) -> bytes:
    """The bytes of an image on the web, within the bounds of the downloader.

    Raises:
        SourceUnread: it cannot be had; or what was given is no address, but could be a file here.
    """
    if not address.lower().startswith(("http://", "https://")):
        raise SourceUnread(_("This is not a web address."))
    return await read_image(ImageSource(address), downloader, max_bytes)
