"""What networks refuse, in their own words."""

from bot.networks.errors import NetworkRefusal


def test_a_refusal_can_be_stored_whatever_a_server_calls_it() -> None:
    refusal = NetworkRefusal("no\0 \ud800", 422)
    assert str(refusal) == "no\ufffd ? (HTTP 422)"
    assert refusal.code == "no\ufffd ?"
