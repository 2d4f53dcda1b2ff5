"""Which answers discord.py may read."""

import pytest
from discord.http import Route
from hypothesis import given
from hypothesis import strategies as st

from bot.discord.gateway.answer_shape import OddAnswer, check_answers, fits

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
MESSAGE = {"id": "17", "author": {"id": "3"}, "content": ""}
CHANNEL = "/channels/{channel_id}"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"{CHANNEL}/messages", []), ("GET", f"{CHANNEL}/messages", [{"id": None}]),
        ("POST", f"{CHANNEL}/messages", MESSAGE), ("GET", CHANNEL, {"id": "1", "type": 0}),
        ("PATCH", f"{CHANNEL}/messages/{{message_id}}", {**MESSAGE, "reactions": []}),
        ("DELETE", f"{CHANNEL}/messages/{{message_id}}", ""), ("GET", "/gateway/bot", {"url": "x"}),
        ("PUT", f"{CHANNEL}/messages/{{message_id}}/reactions/{{emoji}}/@me", None),
        ("PUT", "/applications/{application_id}/commands", []), ("GET", "/users/@me", MESSAGE),
        ("PUT", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}", ""),
    ],
)  # fmt: skip
def test_what_discord_answers_fits(method: str, path: str, body: object) -> None:
    assert fits(method, path, body)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"{CHANNEL}/messages", {}), ("GET", f"{CHANNEL}/messages", [None]),
        ("POST", f"{CHANNEL}/messages", []), ("POST", f"{CHANNEL}/messages", {**MESSAGE, "id": 17}),
        ("POST", f"{CHANNEL}/messages", {"id": "17"}), ("GET", CHANNEL, {"id": "1"}),
        ("PATCH", f"{CHANNEL}/messages/{{message_id}}", {**MESSAGE, "reactions": None}),
        ("GET", "/gateway/bot", ""), ("GET", "/users/@me", "<html>"), ("GET", "/users/@me", None),
        ("PUT", "/applications/{application_id}/commands", {}),
    ],
)  # fmt: skip
def test_what_discord_does_not_answer_does_not_fit(method: str, path: str, body: object) -> None:
    assert not fits(method, path, body)


@given(JSON, st.sampled_from(["GET", "POST", "PATCH"]))
def test_what_fits_a_message_has_what_is_read_from_it(body: object, method: str) -> None:
    if fits(method, f"{CHANNEL}/messages/{{message_id}}", body):
        assert isinstance(body, dict)
        assert int(body["id"]) >= 0
        assert int(body["author"]["id"]) >= 0


@pytest.mark.parametrize("error", [KeyError("retry_after"), ValueError("{"), RecursionError()])
async def test_a_body_that_cannot_be_read_is_an_odd_answer(error: Exception) -> None:
    async def request(_: Route) -> object:
        raise error

    with pytest.raises(OddAnswer):
        await check_answers(request)(Route("GET", "/gateway/bot"))
