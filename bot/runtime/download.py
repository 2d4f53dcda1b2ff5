"""Downloading images from addresses that strangers chose."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

import aiohttp
from yarl import URL

from bot.runtime.http_date import retry_after
from bot.runtime.public_addresses import AddressRefused, PublicResolver, is_address, is_public

MAX_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_NO_ADDRESS = "The image's link is not a web address."
_PRIVATE = "The image's link leads to a private address."

_NOTHING = "The image's link is dead: there is nothing at its address."
_CLOSED = "The image's link is not open to everybody."
#: What a host says of an image that it does not give out, by HTTP status. All else that is no
#: success says something of the host, and nothing of the image.
ABSENT: Final[Mapping[int, str]] = MappingProxyType(
    {
        401: _CLOSED,
        402: _CLOSED,
        403: _CLOSED,
        404: _NOTHING,
        410: _NOTHING,
        451: "The image's host may not show it, for legal reasons.",
    }
)


class DownloadRefused(Exception):
    """The image will never be downloaded; the message is a sentence for the person."""


class ImageAbsent(DownloadRefused):
    """The image is not there now. One such answer proves nothing: it may be there in a minute."""


class DownloadFailed(Exception):
    """The image did not arrive this time; trying again later may help.

    Attributes:
        retry_after: how long the server asks to be left alone; None where it does not say.
    """

    def __init__(self, reason: str, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class NoConnection(DownloadFailed):
    """Its host has no address, or nobody listens there."""


@dataclass(frozen=True, slots=True)
class Downloaded:
    """The bytes of an image, and the address where they were found after all redirects."""

    data: bytes
    url: str


class Downloader:
    """Downloads images with a cap on bytes, time, redirects and connections.

    Args:
        max_bytes: largest file that is read; longer ones are cut off at once.
        seconds: longest time for one image, redirects included.
        at_once: images downloaded at the same time.
        trusted_hosts: names that may lead to private addresses (a platform's own host that the
            owner of this Peoria configured).
    """

    def __init__(
        self, *, max_bytes: int, seconds: float, at_once: int, trusted_hosts: Iterable[str] = ()
    ) -> None:
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._trusted = frozenset(trusted_hosts)
        self._at_once = asyncio.Semaphore(at_once)
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, url: str) -> bytes:
        """The bytes at ``url``. Raises as `download` does."""
        return (await self.download(url)).data

    async def download(self, url: str) -> Downloaded:
        """The image at ``url``.

        Raises:
            ImageAbsent: the host does not give it out now.
            DownloadRefused: it will never work (not http, private, too large).
            DownloadFailed: it may work later (time-out, server error, no connection, a certificate
                that cannot be trusted).
        """
        async with self._at_once:
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._follow(URL(url))
            except aiohttp.InvalidURL as error:
                raise DownloadRefused(_NO_ADDRESS) from error
            except (aiohttp.ClientError, OSError) as error:
                # A certificate error is a ValueError, too.
                if isinstance(getattr(error, "os_error", error), AddressRefused):
                    raise DownloadRefused(_PRIVATE) from error
                failed = NoConnection if _is_no_connection(error) else DownloadFailed
                raise failed(f"{type(error).__name__} {error}".strip()) from error
            except ValueError as error:
                raise DownloadRefused(_NO_ADDRESS) from error

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _follow(self, url: URL) -> Downloaded:
        for _ in range(MAX_REDIRECTS + 1):
            self._check(url)
            async with self._open().get(url, allow_redirects=False) as response:
                if response.status in _REDIRECTS and "Location" in response.headers:
                    # Followed here and not by aiohttp, so that every hop is checked.
                    url = url.join(URL(response.headers["Location"]))
                    continue
                return Downloaded(await self._read(response), str(url))
        raise DownloadRefused("The image's link leads from one address to the next without end.")

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        if response.status in ABSENT:
            raise ImageAbsent(ABSENT[response.status])
        if response.status != 200:
            raise DownloadFailed(
                f"the server answered {response.status}", retry_after(response.headers)
            )
        # Before a byte of it is read, where the server says how long it is.
        if (response.content_length or 0) > self._max_bytes:
            raise self._too_large()
        data = bytearray()
        async for chunk in response.content.iter_chunked(64 * 1024):
            data += chunk
            if len(data) > self._max_bytes:
                raise self._too_large()
        return bytes(data)

    def _too_large(self) -> DownloadRefused:
        return DownloadRefused(f"The image is larger than {self._max_bytes / 2**20:g} MB.")

    def _check(self, url: URL) -> None:
        if url.scheme not in ("http", "https") or not url.host:
            raise DownloadRefused(_NO_ADDRESS)
        # aiohttp asks the resolver for names only: addresses are checked here.
        if url.host not in self._trusted and is_address(url.host) and not is_public(url.host):
            raise DownloadRefused(_PRIVATE)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=PublicResolver(self._trusted)),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={
                    "User-Agent": "peoria (image popularity bot)",
                    "Accept": "image/webp,image/png,image/jpeg,image/gif,image/avif,*/*;q=0.1",
                    "Accept-Encoding": "identity",
                },
            )
        return self._session


def _is_no_connection(error: Exception) -> bool:
    """Whether no connection came about; a certificate that nobody trusts comes after that."""
    return isinstance(error, aiohttp.ClientConnectorError) and not isinstance(
        error, aiohttp.ClientSSLError
    )
