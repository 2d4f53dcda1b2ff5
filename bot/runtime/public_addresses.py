"""Which network addresses are public, so that a download never reaches a private one."""

import ipaddress
import socket
from collections.abc import Iterable

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult


class AddressRefused(OSError):
    """The name leads to a private address. An OSError, because aiohttp expects those here."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public Internet.

    Refuses loopback, private, link-local, multicast, reserved and unspecified ranges, and the
    same ranges wrapped into IPv6 (mapped, 6to4, NAT64).
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip.is_site_local:
            return False
    # Python calls some reserved ranges global: ::127.0.0.1, and NAT64 prefixes for local use.
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


class PublicResolver(AbstractResolver):
    """Resolves names, and refuses those that lead to a private address.

    The connection is made to the address that was checked, so that a name which changes its
    answer between the check and the connection gains nothing.
    """

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        self._trusted = frozenset(trusted)
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        results = await self._resolver.resolve(host, port, family)
        if host in self._trusted:
            return results
        public = [result for result in results if is_public(result["host"])]
        if not public:
            raise AddressRefused(f"{host} leads to a private address")
        return public

    async def close(self) -> None:
        await self._resolver.close()


def is_address(host: str) -> bool:
    """Whether the host of a URL is an IP address, not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
