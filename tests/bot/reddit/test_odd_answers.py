"""Answers of Reddit of another shape than its own: to every call, and on the way of a post."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.platform import PlatformUnavailable
from bot.reddit.client import Page, RedditClient
from bot.reddit.errors import NotAllowed, NotThere, RedditRefusal
from storage.tables import Label
from tests.bot.reddit.conftest import Bot, client_of, reddit_settings
from tests.fakes.clock import FakeClock
from tests.fakes.reddit import FakeReddit

NAMED = (PlatformUnavailable, NotAllowed, NotThere, RedditRefusal)
CALLS: dict[str, tuple[str, Callable[[RedditClient], Awaitable[Any]]]] = {
    "me": ("/api/v1/me", lambda client: client.me()),
    "about": ("/about", lambda client: client.about("aww")),
    "new": ("/new", lambda client: client.new("aww")),
    "top": ("/top", lambda client: client.top("aww")),
    "info": ("/api/info", lambda client: client.info(["t3_a"])),
    "inbox": ("/message/inbox", lambda client: client.inbox()),
    "own comments": ("/comments", lambda client: client.own_comments()),
    "comment": ("/api/comment", lambda client: client.comment("t3_a", "hello")),
    "edit": ("/api/editusertext", lambda client: client.edit("t1_a", "hello")),
    "delete": ("/api/del", lambda client: client.delete("t1_a")),
}
#: Each has the shape of something, and not of what was asked for.
BODIES = [
    "", " ", "null", "[]", "{}", "7", "true", '"x"', "[null]", "[[]]", "[{}]", "{",
    "<html>Ow!</html>", "\ufeff{}", "NaN", '{"data": null}', '{"data": []}', '{"data": "x"}',
    '{"data": {"children": {}}}',
    '{"data": {"children": [null, 1, {"data": 7}], "after": {"a": 1}}}', '{"name": 7}',
    '{"kind": "t5", "data": []}', '{"json": null}', '{"json": []}',
    '{"json": {"errors": {"a": 1}}}', '{"json": {"errors": [null]}}', '{"json": {"errors": 7}}',
    '{"json": {"data": {"things": [7]}}}', '{"json": {"data": {"things": {"0": 1}}}}',
    '{"fields": [], "reason": 1}', '{"fields": 7}', '{"reason": null}', '{"error": 400}',
    json.dumps({"x" * 50: "y" * 300_000}), "[" * 2000 + "]" * 2000, "9" * 5000,
]  # fmt: skip


@pytest.fixture
async def client(
    tmp_path: Path, reddit: FakeReddit, clock: FakeClock
) -> AsyncIterator[RedditClient]:
    client = client_of(reddit_settings(tmp_path, reddit.origin), clock, seconds=5)
    await client.new("aww")
    yield client
    await client.close()


@pytest.mark.parametrize("call", CALLS)
async def test_an_answer_of_another_shape_has_a_name_for_every_call(
    client: RedditClient, reddit: FakeReddit, clock: FakeClock, call: str
) -> None:
    path, ask = CALLS[call]
    if call == "own comments":
        await client.me()
    for status in (200, 400, 403, 409):
        for body in BODIES:
            reddit.faults = []
            reddit.fail(path, times=9, status=status, body=body)
            try:
                answer = await ask(client)
            except NAMED:
                clock.forward(3 * 3600)
                continue
            assert status == 200, body[:80]
            if isinstance(answer, Page):
                assert all(isinstance(item, dict) for item in answer.items)
                assert answer.after is None
            is_yes = body.startswith('{"json": {"data"') and call == "edit"
            assert is_yes or call not in ("me", "about", "comment", "edit"), body[:80]


@pytest.mark.parametrize("body", ["null", "[[]]", '{"data": {"children": [null]}}'])
async def test_a_post_goes_its_way_after_answers_of_another_shape_to_every_call(
    bot: Bot, reddit: FakeReddit, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    shown = reddit.post("aww", "A cat")
    deleted = reddit.post("aww", "A dog")
    for path, _ in CALLS.values():
        reddit.fail(path, after=path == "/new", body=body, done=True)
    for _ in range(12):
        await bot.tick()
        bot.clock.forward(600)
    for path, _ in CALLS.values():
        reddit.fail(path, body=body, done=True)
    deleted["removed_by_category"] = "deleted"
    shown["score"] = 7
    bot.clock.forward(24 * 3600)
    for _ in range(8):
        await bot.tick()
        bot.clock.forward(1200)
    assert [each.score for each in await bot.all(Label)] == [7]
    (comment,) = reddit.comments_on(shown["name"])
    assert comment["body"].startswith("**The votes are in.**")
    assert [each for each in reddit.comments_on(deleted["name"]) if not each["deleted"]] == []
    assert [each.getMessage() for each in caplog.records if each.exc_info] == []
