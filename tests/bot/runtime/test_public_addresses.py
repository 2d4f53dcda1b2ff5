import ipaddress

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from bot.runtime.public_addresses import (
    _SPECIAL_IPV4,
    _SPECIAL_IPV6,
    PublicResolver,
    is_public,
)

PRIVATE = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.8.9.10", "169.254.169.254",  # noqa: S104
    "172.16.0.1", "172.31.255.255", "192.0.2.1", "192.168.1.1", "198.18.0.1", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::7f00:1", "2002:7f00:1::", "2002:a00:1::", "2001::1", "2001:db8::1", "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
    # Where Python 3.11 says "global", or where another address is inside.
    "192.0.0.1", "192.0.0.8", "192.0.0.170", "192.0.0.192", "192.88.99.1", "192.52.193.1",
    "198.19.255.255", "100.127.255.255", "239.255.255.255", "255.255.255.254", "203.0.113.7",
    "198.51.100.1", "0.1.2.3",
    "::ffff:192.0.0.1", "::ffff:100.64.0.1", "64:ff9b::192.0.0.1", "64:ff9b::a9fe:a9fe",
    "2002:c000:1::", "2002:6440:1::1", "2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:127.0.0.1",
    "2606:4700:1:2:0:5efe:c0a8:1", "fe80::5efe:8.8.8.8", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1", "2001:10::1", "2001:20::1", "3fff::1", "3fff:fff::1", "5f00::1", "4000::1",
    "100::1", "100:0:0:1::1", "::8.8.8.8", "::ffff:0:8.8.8.8", "ff0e::1", "2620:4f:8000::1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8",
    "2002:808:808::", "64:ff9b::808:808", "192.0.1.1", "198.20.0.1", "100.128.0.1", "223.255.255.1",
    "2a00:1450:4001::200e", "2606:4700::5efe:8.8.8.8", "2001:4860:4860::8888", "2400:cb00::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses())
def test_nothing_special_is_public(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    special = (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or (address.is_private and getattr(address, "ipv4_mapped", None) is None)
    )
    if special:
        assert not is_public(str(address))


@given(st.ip_addresses(v=4))
def test_a_wrapped_address_is_as_public_as_itself(address: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address((0xFFFF << 32) | int(address))
    six_to_four = ipaddress.IPv6Address((0x2002 << 112) | (int(address) << 80))
    nat64 = ipaddress.IPv6Address((0x64FF9B << 96) | int(address))
    wrapped = {is_public(str(each)) for each in (mapped, six_to_four, nat64)}
    assert wrapped == {is_public(str(address))}


class Names(AbstractResolver):
    """Answers for every name with the addresses it was given."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0)  # type: ignore[typeddict-item]
            for each in self.addresses
        ]

    async def close(self) -> None:
        pass


def test_no_address_passes_that_the_library_calls_special() -> None:
    """One of every special range and its neighbours, wrapped in every way."""
    for network in (*_SPECIAL_IPV4, *_SPECIAL_IPV6):
        first, last = network.network_address, network.broadcast_address
        for inside in (first, last, type(first)((int(first) + int(last)) // 2)):
            assert not is_public(str(inside)), inside
            if isinstance(inside, ipaddress.IPv4Address):
                isatap = ipaddress.IPv6Address(0x2606_4700 << 96 | 0x5EFE << 32 | int(inside))
                assert not is_public(str(isatap)), inside


async def test_a_name_that_leads_home_is_refused() -> None:
    resolver = PublicResolver(["trusted.example"])
    resolver._resolver = Names("127.0.0.1", "10.0.0.7")  # type: ignore[assignment]
    with pytest.raises(OSError, match="private address"):
        await resolver.resolve("evil.example")
    assert len(await resolver.resolve("trusted.example")) == 2


async def test_of_several_addresses_only_public_ones_are_used() -> None:
    resolver = PublicResolver()
    resolver._resolver = Names("127.0.0.1", "1.1.1.1", "::1")  # type: ignore[assignment]
    assert [each["host"] for each in await resolver.resolve("mixed.example")] == ["1.1.1.1"]
