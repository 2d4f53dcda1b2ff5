"""Sending one message: signed by the Standard Webhooks specification, to public addresses only."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import aiohttp

from bot.runtime.public_addresses import PublicResolver
from bot.webhooks.addresses import WebhookRefused, check_address

#: How long a receiver may take to answer, seconds.
SECONDS = 15.0
_GONE = 410


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a message.

    Attributes:
        fault: why it was not taken, a sentence; None: it was.
        gone: the receiver wants no more of them.
    """

    fault: str | None = None
    gone: bool = False


def signature_headers(secret: bytes, message_id: str, body: str, now: datetime) -> dict[str, str]:
    """The headers that a receiver checks: id, time in seconds since 1970, signature."""
    moment = str(int(now.timestamp()))
    signed = f"{message_id}.{moment}.{body}".encode()
    signature = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{signature}",
    }


class Sender:
    """Sends messages; an address that is or becomes private is not called.

    Args:
        trusted_hosts: those that may be private.
    """

    def __init__(self, trusted_hosts: Sequence[str]) -> None:
        self._trusted = trusted_hosts
        self._session: aiohttp.ClientSession | None = None

    async def send(self, url: str, body: str, headers: Mapping[str, str]) -> Sent:
        """Send a message once; no redirect is followed, and no answer is read."""
        try:
            check_address(url, self._trusted)
        except WebhookRefused as refusal:
            return Sent(str(refusal))
        try:
            async with (
                asyncio.timeout(SECONDS),
                self._open().post(
                    url,
                    data=body.encode(),
                    headers={"Content-Type": "application/json", **headers},
                    allow_redirects=False,
                ) as answer,
            ):
                status = answer.status
        except TimeoutError:
            return Sent(f"It did not answer within {SECONDS:g} s.")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # No more than the kind: what was met on the way is nobody's business.
            return Sent(f"It could not be reached ({type(error).__name__}).")
        if 200 <= status < 300:
            return Sent()
        return Sent(f"It answered {status}.", gone=status == _GONE)

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=PublicResolver(self._trusted), limit=8),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "peoria (webhook)"},
            )
        return self._session
