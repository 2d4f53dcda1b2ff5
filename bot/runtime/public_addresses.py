"""Which network addresses are public, so that a download never reaches a private one."""

import ipaddress
import socket
from collections.abc import Iterable, Iterator

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

#: IPv4 that no public host has: IANA's special-purpose registry (RFC 6890 and its successors),
#: multicast and the reserved rest. The library's own answers differ between Python versions
#: (3.11 calls 192.0.0.0/24 global), so that nobody can rely on them alone.
_SPECIAL_IPV4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by a provider's customers
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, a cloud's metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # automatic multicast tunnels
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # measurements inside a laboratory
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)

#: The part of IPv6 from which public addresses are given out; all else is special.
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")

#: What is special inside it. 6to4 (2002::/16) is not here: it counts as the IPv4 that it wraps.
_SPECIAL_IPV6 = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, measurements, ORCHID
        "2001:db8::/32",  # documentation
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)

_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")

#: The third quarter of an ISATAP address's last 64 bits, without the bit that says "universal".
_ISATAP = 0x0000_5EFE
_UNIVERSAL = 0x0200_0000


class AddressRefused(OSError):
    """The name leads to a private address. An OSError, because aiohttp expects those here."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public Internet.

    Refuses loopback, private, link-local, multicast, reserved and unspecified ranges, and IPv6
    that wraps an IPv4 address of such a range (mapped, 6to4, NAT64, ISATAP).
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv4Address):
        return _is_public_ipv4(ip)
    if not all(map(_is_public_ipv4, _wrapped(ip))):
        return False
    if ip in _MAPPED or ip in _NAT64 or ip in _SIX_TO_FOUR:
        return True
    special = any(ip in network for network in _SPECIAL_IPV6)
    return ip in _GLOBAL_IPV6 and not special and ip.is_global


def _is_public_ipv4(ip: ipaddress.IPv4Address) -> bool:
    return ip.is_global and not any(ip in network for network in _SPECIAL_IPV4)


def _wrapped(ip: ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    """The IPv4 addresses to which a packet for ``ip`` may be passed on."""
    if ip in _MAPPED or ip in _NAT64:
        yield ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    if ip in _SIX_TO_FOUR:
        yield ipaddress.IPv4Address(int(ip) >> 80 & 0xFFFF_FFFF)
    if (int(ip) >> 32 & 0xFFFF_FFFF) & ~_UNIVERSAL == _ISATAP:
        yield ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)


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
