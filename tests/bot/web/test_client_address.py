import pytest
from aiohttp.test_utils import make_mocked_request

from bot.web.client_address import TrustedProxies, household_of, network_of

PROXY = "127.0.0.1"


@pytest.mark.parametrize(
    ("trusted", "headers", "client", "scheme"),
    [
        # Nobody is trusted: what is said is said by anybody.
        ([], {"X-Forwarded-For": "203.0.113.5"}, PROXY, "http"),
        ([], {"Forwarded": "for=203.0.113.5;proto=https"}, PROXY, "http"),
        ([PROXY], {}, PROXY, "http"),
        ([PROXY], {"X-Forwarded-For": "203.0.113.5"}, "203.0.113.5", "http"),
        ([PROXY], {"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "https"},
         "203.0.113.5", "https"),
        # What a visitor wrote stands before what the proxy added.
        ([PROXY], {"X-Forwarded-For": "10.0.0.1, 203.0.113.5"}, "203.0.113.5", "http"),
        ([PROXY, "10.0.0.0/8"], {"X-Forwarded-For": "1.2.3.4, 203.0.113.5, 10.1.2.3"},
         "203.0.113.5", "http"),
        ([PROXY], {"Forwarded": 'for="[2001:db8::7]:4711";proto=https'}, "2001:db8::7", "https"),
        ([PROXY], {"Forwarded": "for=1.2.3.4, for=203.0.113.5;proto=https"},
         "203.0.113.5", "https"),
        # A proxy that writes one header hands the other on.
        ([PROXY], {"X-Forwarded-For": "203.0.113.5", "Forwarded": "for=1.2.3.4;proto=https"},
         "203.0.113.5", "http"),
        # What is no address ends the list.
        ([PROXY], {"X-Forwarded-For": "203.0.113.5, unknown"}, PROXY, "http"),
        ([PROXY], {"Forwarded": "for=_hidden"}, PROXY, "http"),
        ([PROXY], {"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "gopher"},
         "203.0.113.5", "http"),
        ([PROXY], {"X-Forwarded-For": "::ffff:203.0.113.5"}, "203.0.113.5", "http"),
    ],
)  # fmt: skip
def test_a_proxy_is_believed_where_it_is_trusted(
    trusted: list[str], headers: dict[str, str], client: str, scheme: str
) -> None:
    request = make_mocked_request("GET", "/", headers=headers).clone(remote=PROXY)
    assert TrustedProxies(trusted).client_of(request) == (client, scheme)


@pytest.mark.parametrize(
    ("address", "household", "network"),
    [
        ("203.0.113.5", "203.0.113.5/32", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("::ffff:203.0.113.5", "203.0.113.5/32", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        ("", "", ""),
        (None, "", ""),
        ("a word", "", ""),
    ],
)
def test_who_shares_a_limit(address: str | None, household: str, network: str) -> None:
    assert (household_of(address), network_of(address)) == (household, network)
