"""Who wrote what PluralKit posts anew: asked of PluralKit's API, where a channel's admins allow it.

https://pluralkit.me/api/endpoints/#get-proxied-message-information
"""

import json
import logging
from collections.abc import Collection

from bot.runtime.download import Downloader, DownloadFailed, DownloadRefused

log = logging.getLogger(__name__)

#: PluralKit's application. Tupperbox tells nobody.
PLURALKIT = 466378653216014359
#: A post waits no longer for the answer, seconds; without it the post is nobody's.
_SECONDS = 2.0
_MOST_BYTES, _AT_ONCE = 256 * 1024, 4


class ProxiedAuthors:
    """Asks PluralKit.

    Args:
        url: of its API, without a slash at the end.
        trusted_hosts: names that may lead to private addresses.
    """

    def __init__(self, url: str, *, trusted_hosts: Collection[str] = ()) -> None:
        self._url = url.rstrip("/")
        self._downloader = Downloader(
            max_bytes=_MOST_BYTES, seconds=_SECONDS, at_once=_AT_ONCE, trusted_hosts=trusted_hosts
        )

    async def author_of(self, message_id: int) -> str | None:
        """The Discord id of who wrote a message that PluralKit posted; None: it is not known.

        Never raises, and never takes longer than two seconds: the post goes on without.
        """
        try:
            data = await self._downloader.fetch(f"{self._url}/messages/{message_id}")
            return _sender(data)
        except (DownloadRefused, DownloadFailed, ValueError) as error:
            log.info("PluralKit does not say who wrote message %s: %s", message_id, error)
            return None

    async def close(self) -> None:
        """Close every connection."""
        await self._downloader.close()


def _sender(data: bytes) -> str:
    """The sender in PluralKit's answer.

    Raises:
        ValueError: it is none that is known.
    """
    told = json.loads(data)
    sender = told.get("sender") if isinstance(told, dict) else None
    if not isinstance(sender, str) or not sender.isascii() or not sender.isdigit():
        raise ValueError("an answer of another shape")
    if len(sender) > 20 or int(sender) == 0:
        raise ValueError("no id of a person")
    return sender
