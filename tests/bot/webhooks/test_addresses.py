"""Which addresses may be told anything."""

import pytest

from bot.webhooks.addresses import WebhookRefused, check_address


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.8/hook",
        "https://169.254.169.254/latest", "ftp://example.org/", "https://", "example.org",
        "https://a:b@example.org/", "https://example.org/\r\nX: y", "https://[bad/", "",
        "https://exämple.org/", "https://example.org:99999/", f"https://e.org/{'a' * 2000}",
    ],
)  # fmt: skip
def test_what_is_private_or_no_address_is_refused(url: str) -> None:
    with pytest.raises(WebhookRefused):
        check_address(url, ())


def test_public_addresses_with_tls_are_good_and_named_hosts_without() -> None:
    check_address("https://example.org/hook?x=1", ())
    check_address("https://93.184.215.14/hook", ())
    check_address("http://localhost:9000/hook", ("localhost",))
    with pytest.raises(WebhookRefused):
        check_address("file://localhost/etc/passwd", ("localhost",))
