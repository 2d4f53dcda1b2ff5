"""Who is at the other end: the address of a visitor, also behind a proxy that is trusted."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

_Address: TypeAlias = IPv4Address | IPv6Address

#: Of a list of addresses that proxies added to, so many are looked at: the newest ones.
_MOST_HOPS = 16


class TrustedProxies:
    """The proxies whose word about a visitor's address and scheme is taken.

    Args:
        networks: addresses or networks, such as 127.0.0.1 or 10.0.0.0/8.
    """

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [ip_network(each) for each in networks]

    def __contains__(self, address: str | None) -> bool:
        parsed = _read(address or "")
        return parsed is not None and any(parsed in network for network in self._networks)

    def client_of(self, request: web.Request) -> tuple[str, str]:
        """The address and the scheme (http or https) of whoever sent a request.

        What a header says counts only as far as it was written by a trusted proxy: the list is
        read from its end, and ends at the first address that is not trusted.
        """
        client, scheme = request.remote or "", request.scheme
        if client not in self:
            return client, scheme
        hops = _hops(request)[-_MOST_HOPS:]
        for address, spoken in reversed(hops):
            if address is None:
                break
            client, scheme = address, spoken or scheme
            if address not in self:
                break
        return client, scheme


def take_word_of(trusted: TrustedProxies) -> Middleware:
    """A middleware after which a request has its visitor's address and scheme."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        client, scheme = trusted.client_of(request)
        if (client, scheme) != (request.remote, request.scheme):
            request = request.clone(remote=client, scheme=scheme)
        return await handler(request)

    return middleware


def household_of(address: str | None) -> str:
    """The addresses that one visitor can take at will: an IPv4 address, or an IPv6 /64."""
    return _network(address, 32, 64)


def network_of(address: str | None) -> str:
    """The addresses that one customer of a provider may have: an IPv4 /24, or an IPv6 /48."""
    return _network(address, 24, 48)


@lru_cache(maxsize=4096)
def _network(address: str | None, length4: int, length6: int) -> str:
    parsed = _read(address or "")
    if parsed is None:
        return ""
    length = length4 if parsed.version == 4 else length6
    return str(ip_network((parsed, length), strict=False))


def _read(text: str) -> _Address | None:
    """An address as proxies write it, with or without a port; None: it is none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed


def _hops(request: web.Request) -> list[tuple[str | None, str | None]]:
    """Address and scheme of each hop that the headers tell of, the nearest last."""
    if "X-Forwarded-For" in request.headers:
        addresses = ",".join(request.headers.getall("X-Forwarded-For")).split(",")
        # Proxies set this one and do not add to it: it is of the nearest.
        schemes = ",".join(request.headers.getall("X-Forwarded-Proto", ()))
        return [(_text(_read(each)), _scheme(schemes.rpartition(",")[2])) for each in addresses]
    # Only without the other: a proxy that writes that one hands this one on as a visitor wrote it.
    return [
        (_text(_read(hop.get("for", ""))), _scheme(hop.get("proto", "")))
        for hop in request.forwarded
    ]


def _text(address: _Address | None) -> str | None:
    return None if address is None else str(address)


def _scheme(text: str) -> str | None:
    text = text.strip().lower()
    return text if text in ("http", "https") else None
