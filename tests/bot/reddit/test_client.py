"""praw on its thread: what comes out of it, and what becomes of everything that goes wrong."""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.networks.errors import CredentialsRefused
from bot.platform import PlatformRefused, PlatformUnavailable
from bot.reddit.client import RedditClient
from bot.reddit.credentials import read_credentials
from bot.reddit.errors import (
    NotAllowed,
    NotThere,
    RedditBusy,
    RedditRefusal,
)
from bot.settings import Settings
from tests.bot.reddit.conftest import client_of, reddit_settings
from tests.fakes.clock import FakeClock
from tests.fakes.reddit import PASSWORD, REFRESH_TOKEN, FakeReddit
from tests.fakes.reddit.faults import refusal
from tests.fakes.reddit.world import ME


@pytest.fixture
async def client(
    tmp_path: Path, reddit: FakeReddit, clock: FakeClock
) -> AsyncIterator[RedditClient]:
    client = client_of(reddit_settings(tmp_path, reddit.origin), clock, seconds=5)
    client.pace._jitter = lambda: 1.0
    yield client
    await client.close()


async def test_plain_data_comes_out(client: RedditClient, reddit: FakeReddit) -> None:
    posts = [reddit.post("aww", f"Cat {n}") for n in range(130)]
    first = await client.new("aww")
    assert [item["title"] for item in first.items] == [f"Cat {n}" for n in range(129, 29, -1)]
    assert first.items[0]["kind"] == "t3"
    second = await client.new("aww", first.after)
    assert len(second.items) == 30
    assert second.after is None
    found = await client.info([posts[3]["name"], "t3_zzzzzz"])
    assert [*found] == [posts[3]["name"]]
    assert await client.me() == ME
    # Fields are read where they are: no request for each post.
    assert reddit.counted() == {
        "/api/v1/access_token": 1, "/r/aww/new": 2, "/api/info": 1, "/api/v1/me": 1,
    }  # fmt: skip


async def test_the_loop_goes_on_while_reddit_thinks(
    client: RedditClient, reddit: FakeReddit
) -> None:
    assert threading.current_thread() is threading.main_thread()
    # The loopback Reddit answers in this very loop: had praw blocked it, there were no answer.
    pages = await asyncio.gather(*(client.new("aww") for _ in range(5)))
    assert len(pages) == 5


async def test_an_expired_token_is_replaced(client: RedditClient, reddit: FakeReddit) -> None:
    await client.new("aww")
    reddit.tokens.clear()
    await client.new("aww")
    assert reddit.counted()["/api/v1/access_token"] == 2


async def test_the_refresh_token_is_a_way_in(
    tmp_path: Path, reddit: FakeReddit, clock: FakeClock
) -> None:
    changes = {
        "reddit_refresh_token": REFRESH_TOKEN, "reddit_password": None,
        "reddit_user_agent": "linux:test:0.1 (by /u/ann)",
    }  # fmt: skip
    client = client_of(reddit_settings(tmp_path, reddit.origin, **changes), clock)
    assert await client.scopes() == {
        "edit", "history", "identity", "privatemessages", "read", "submit",
    }  # fmt: skip
    assert await client.me() == ME
    assert reddit.agents
    assert all(agent.startswith("linux:test:0.1 (by /u/ann)") for agent in reddit.agents)
    await client.close()


async def test_revoked_credentials_say_what_to_do(
    client: RedditClient, reddit: FakeReddit, caplog: pytest.LogCaptureFixture
) -> None:
    await client.new("aww")
    reddit.revoked = True
    reddit.tokens.clear()
    with caplog.at_level(logging.DEBUG), pytest.raises(CredentialsRefused) as caught:
        await client.new("aww")
    assert "PEORIA_REDDIT_PASSWORD" in str(caught.value)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("bot")]
    assert PASSWORD not in " ".join([str(caught.value), *ours])


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 408])
async def test_an_error_of_the_server_backs_off_and_is_not_sent_again(
    client: RedditClient, reddit: FakeReddit, clock: FakeClock, status: int
) -> None:
    await client.me()
    reddit.fail("/new", status=status)
    with pytest.raises(RedditBusy) as caught:
        await client.new("aww")
    assert caught.value.retry_after == timedelta(seconds=5)
    assert reddit.counted()["/r/aww/new"] == 1
    with pytest.raises(RedditBusy):
        await client.new("aww")
    assert reddit.counted()["/r/aww/new"] == 1, "nothing is sent before its time"
    clock.forward(5)
    await client.new("aww")


@pytest.mark.parametrize(
    ("headers", "wait"),
    [({"retry-after": "90"}, 91), ({"x-ratelimit-reset": "33"}, 34), ({}, 601),
     ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 601)],
)  # fmt: skip
async def test_too_many_requests_waits_as_told(
    client: RedditClient, reddit: FakeReddit, headers: dict[str, str], wait: int
) -> None:
    await client.me()
    reddit.fail("/new", status=429, headers=headers)
    with pytest.raises(RedditBusy) as caught:
        await client.new("aww")
    assert caught.value.retry_after == timedelta(seconds=wait)
    assert reddit.counted()["/r/aww/new"] == 1


async def test_the_rate_limit_is_kept_without_sleeping(
    client: RedditClient, reddit: FakeReddit, clock: FakeClock
) -> None:
    reddit.remaining, reddit.reset = 2, 400
    await client.me()
    with pytest.raises(RedditBusy) as caught:
        await client.new("aww")
    assert caught.value.retry_after == timedelta(seconds=400)
    clock.forward(400)
    reddit.remaining = 100
    await client.new("aww")
    assert client.pace.remaining == 99


@pytest.mark.parametrize(
    "body",
    ["", "<html>Ow!</html>", "null", "[]", "7", '"x"', "{}", '{"data": null}', '{"data": []}',
     '{"data": {"children": 3}}'],
)  # fmt: skip
async def test_an_answer_that_makes_no_sense_is_asked_for_again(
    client: RedditClient, reddit: FakeReddit, body: str
) -> None:
    await client.me()
    reddit.fail("/new", body=body)
    with pytest.raises(RedditBusy):
        await client.new("aww")


async def test_one_broken_item_does_not_break_the_page(
    client: RedditClient, reddit: FakeReddit
) -> None:
    children = [None, 7, {"kind": "t3"}, {"kind": "t3", "data": {"name": "t3_a"}}]
    reddit.fail("/new", body=json.dumps({"data": {"children": children, "after": 5}}))
    page = await client.new("aww")
    assert [item["name"] for item in page.items] == ["t3_a"]
    assert page.after is None


async def test_a_connection_that_breaks_is_no_answer(
    client: RedditClient, reddit: FakeReddit
) -> None:
    await client.me()
    reddit.fail("/new", cut=True)
    with pytest.raises(RedditBusy) as caught:
        await client.new("aww")
    assert "token" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_no_answer_in_time_is_no_answer(
    tmp_path: Path, reddit: FakeReddit, clock: FakeClock
) -> None:
    client = client_of(reddit_settings(tmp_path, reddit.origin), clock, seconds=0.2)
    reddit.post("aww")
    name = reddit.subreddit("aww").posts[0]["name"]
    await client.me()
    reddit.fail("/api/comment", done=True, never=True)
    with pytest.raises(RedditBusy):
        await client.comment(name, "hello")
    assert len(reddit.comments_on(name)) == 1
    assert reddit.counted()["/api/comment"] == 1, "prawcore would have sent it three times"
    await client.close()


async def test_a_comment_that_the_server_stumbles_over_is_sent_once(
    client: RedditClient, reddit: FakeReddit
) -> None:
    name = reddit.post("aww")["name"]
    reddit.fail("/api/comment", times=3, done=True, status=504)
    with pytest.raises(RedditBusy):
        await client.comment(name, "hello")
    assert len(reddit.comments_on(name)) == 1


async def test_ratelimit_is_never_tried_again_blindly(
    client: RedditClient, reddit: FakeReddit, clock: FakeClock
) -> None:
    name = reddit.post("aww")["name"]
    body = refusal("RATELIMIT", "Take a break for 4 seconds before trying again.")
    reddit.fail("/api/comment", body=json.dumps(body))
    with pytest.raises(RedditBusy) as caught:
        await client.comment(name, "hello")
    assert caught.value.retry_after == timedelta(seconds=5)
    assert reddit.counted()["/api/comment"] == 1
    clock.forward(5)
    assert (await client.comment(name, "hello")).startswith("t1_")


async def test_a_refusal_has_its_code(client: RedditClient, reddit: FakeReddit) -> None:
    name = reddit.post("aww", locked=True)["name"]
    with pytest.raises(RedditRefusal) as caught:
        await client.comment(name, "hello")
    assert caught.value.code == "THREAD_LOCKED"
    reddit.fail("/api/comment", status=400, body='{"reason": "NO_TEXT", "explanation": "say it"}')
    with pytest.raises(RedditRefusal) as caught:
        await client.comment(name, "")
    assert caught.value.code == "NO_TEXT"


async def test_closed_and_missing_subreddits_are_told_apart(
    client: RedditClient, reddit: FakeReddit
) -> None:
    reddit.subreddit("secret").private = True
    with pytest.raises(NotAllowed):
        await client.new("secret")
    with pytest.raises(NotThere):
        await client.new("nowhere")
    reddit.fail("/about", status=404)
    with pytest.raises(NotThere):
        await client.about("aww")
    reddit.fail("/new", status=403, headers={"www-authenticate": 'Bearer realm="reddit"'})
    with pytest.raises(NotAllowed):
        await client.new("aww")
    scope = {"www-authenticate": 'Bearer realm="reddit", error="insufficient_scope"'}
    reddit.fail("/new", status=403, headers=scope)
    with pytest.raises(NotAllowed, match="scopes"):
        await client.new("aww")


async def test_tokens_that_are_refused_again_and_again_are_the_end(
    client: RedditClient, reddit: FakeReddit
) -> None:
    reddit.fail("/new", times=9, status=401)
    with pytest.raises(CredentialsRefused, match="revoked"):
        await client.new("aww")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    status=st.sampled_from([200, 201, 204, 302, 400, 401, 403, 404, 409, 413, 429, 451, 500, 599]),
    body=st.sampled_from(["", "x", "{}", "[]", "null", '{"json": {"errors": [["A", null, null]]}}',
                          '{"json": {"errors": "A"}}', '{"json": {"errors": [[]]}}',
                          '{"error": 400, "message": "no"}', '{"reason": "A"}',
                          '{"fields": ["a"], "reason": "A"}', "[1, 2]"]),
    header=st.sampled_from(["", 'Bearer realm="x"', "x=y", "=", 'error="invalid_token"']),
    where=st.sampled_from(["/new", "/access_token", "/api/comment"]),
)  # fmt: skip
async def test_whatever_reddit_answers_has_a_name(
    tmp_path: Path,
    reddit: FakeReddit,
    clock: FakeClock,
    status: int,
    body: str,
    header: str,
    where: str,
) -> None:
    client = client_of(reddit_settings(tmp_path, reddit.origin), clock, seconds=5)
    name = reddit.post("aww")["name"]
    headers = {"www-authenticate": header, "location": "/r/x", "retry-after": "x"}
    reddit.faults = []
    reddit.fail(where, times=9, status=status, body=body, headers=headers)
    for ask in (client.new("aww"), client.comment(name, "hello")):
        try:
            await ask
        except (PlatformUnavailable, NotAllowed, NotThere, RedditRefusal):
            clock.forward(3 * 3600)
    await client.close()


def incomplete(data_dir: Path, **changes: Any) -> str:
    with pytest.raises(PlatformRefused) as caught:
        read_credentials(reddit_settings(data_dir, "http://127.0.0.1", **changes))
    return str(caught.value)


def test_credentials_that_are_not_whole_are_named(tmp_path: Path) -> None:
    assert "PEORIA_REDDIT_CLIENT_ID" in incomplete(tmp_path, reddit_client_id=None)
    assert "PEORIA_REDDIT_PASSWORD" in incomplete(tmp_path, reddit_password=None)
    assert "PEORIA_REDDIT_CLIENT_SECRET" in incomplete(tmp_path, reddit_client_secret=None)
    refresh = {"reddit_refresh_token": "x", "reddit_username": None}
    assert "PEORIA_REDDIT_USER_AGENT" in incomplete(tmp_path, **refresh)
    assert "PEORIA_REDDIT_USER_AGENT" in incomplete(tmp_path, reddit_user_agent="bot\nX: y")


def test_credentials_may_stand_in_a_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "reddit.credentials"
    path.write_text(
        "# The bot's account\n[peoria]\nclient_id = abc\nPEORIA_REDDIT_CLIENT_SECRET='def'\n"
        "\nusername=bot\npassword = p=w d\n"
    )
    path.chmod(0o600)
    found = read_credentials(Settings(reddit_credentials_file=path))
    assert (found.client_id, found.client_secret, found.password) == ("abc", "def", "p=w d")
    assert "p=w d" not in repr(found)
    assert caplog.text == ""
    path.chmod(0o644)
    read_credentials(Settings(reddit_credentials_file=path))
    assert "can be read by others" in caplog.text


def test_a_file_that_is_no_credentials_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "secrets"
    path.write_text("client_id=a\nhunter2\n")
    sentence = incomplete(tmp_path, reddit_credentials_file=path)
    assert sentence.startswith("Line 2 of ")
    assert "hunter2" not in sentence
    path.write_bytes(b"\xff\xfe")
    assert "not text" in incomplete(tmp_path, reddit_credentials_file=path)
    missing = incomplete(tmp_path, reddit_credentials_file=tmp_path / "nowhere")
    assert "No such file" in missing


async def test_the_time_of_an_answer_is_passed_on(
    data_dir: Path, reddit: FakeReddit, clock: FakeClock
) -> None:
    heard: list[datetime] = []
    client = client_of(reddit_settings(data_dir, reddit.origin), clock, heard=heard.append)
    await client.me()
    assert [told.tzinfo for told in heard] == [UTC]
    reddit.fail("/api/info", cut=True)
    with pytest.raises(RedditBusy):
        await client.info(["t3_1"])
    assert len(heard) == 1, "no answer tells no time"
    await client.close()
