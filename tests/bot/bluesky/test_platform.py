"""A whole Peoria on a loopback Bluesky."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.bluesky.check import check_bluesky
from bot.bluesky.client import PAGE
from bot.bluesky.network import BlueskyNetwork
from bot.settings import Settings
from storage.tables import Author, Embedding, Guess, HistoryImport, InboxItem, Label, Post
from storage.types import PlatformName, PostState, ReplyState
from tests.bot.networks.running import Killed, OpenBot, dying, running, settings_of
from tests.fakes.bluesky import FakeBluesky, serving
from tests.fakes.bluesky.server import HANDLE, PASSWORD
from tests.fakes.clock import FakeClock

MINUTE, HOUR = 60, 3600


@pytest.fixture
async def bluesky(clock: FakeClock) -> AsyncIterator[FakeBluesky]:
    fake = FakeBluesky(clock)
    async with serving(fake):
        yield fake


def settings_with(data_dir: Path, bluesky: FakeBluesky, **changes: Any) -> Settings:
    values = {
        "bluesky_service": bluesky.origin,
        "bluesky_handle": HANDLE,
        "bluesky_password": PASSWORD,
        "bluesky_watch": "#Cats",
        "bluesky_reply": "asked",
        **changes,
    }
    return settings_of(data_dir, **values)


@pytest.fixture
def start(data_dir: Path, bluesky: FakeBluesky, clock: FakeClock) -> OpenBot:
    return lambda **changes: running(
        PlatformName.BLUESKY, settings_with(data_dir, bluesky, **changes), clock
    )


async def test_posts_are_watched_and_scored_and_nobody_is_answered_who_did_not_ask(
    start: OpenBot, bluesky: FakeBluesky
) -> None:
    bluesky.person("shy", description="Painter. #NoBots")
    bluesky.person("inside", labels=[{"val": "!no-unauthenticated"}])
    bluesky.person("robot", labels=[{"val": "bot"}])
    for author in ("shy", "inside", "robot"):
        bluesky.post(author=author)
    bluesky.post("Words #cats", images=0)
    bluesky.post(labels=[{"val": "porn"}])
    shown = bluesky.post("A cat\n #cats", images=2)
    bluesky.post(above=shown)
    async with start() as bot:
        await bot.later()
        assert [post.title for post in await bot.all(Post)] == ["A cat #cats"]
        shown.update(likeCount=40, repostCount=2, replyCount=3)
        # A token is good for two hours.
        bluesky.tokens.clear()
        await bot.later(24 * HOUR)
        await bot.later(MINUTE)
        (label,) = await bot.all(Label)
        assert label.score == 42
        assert bluesky.own(shown) == []
        profile = bluesky.records["app.bsky.actor.profile", "self"]
        assert profile["labels"]["values"] == [{"val": "bot"}]


async def test_adult_posts_that_are_taken_are_covered(start: OpenBot, bluesky: FakeBluesky) -> None:
    bluesky.post("One #cats", labels=[{"val": "nudity"}])
    bluesky.post("Two #cats")
    async with start(bluesky_adult=True) as bot:
        await bot.later()
        assert {post.title: post.is_spoiler for post in await bot.all(Post)} == {
            "One #cats": True,
            "Two #cats": False,
        }


async def test_who_asks_bots_to_keep_away_is_heard_while_peoria_runs(
    start: OpenBot, bluesky: FakeBluesky
) -> None:
    bluesky.post("One #cats")
    async with start() as bot:
        await bot.later()
        bluesky.person("ann", description="#nobot")
        bot.clock.forward(7 * HOUR)
        bluesky.post("Two #cats")
        await bot.later()
        assert [post.title for post in await bot.all(Post)] == ["One #cats"]


@pytest.mark.parametrize("claimed", [False, True])
async def test_a_process_that_dies_around_an_answer_leaves_one(
    start: OpenBot, bluesky: FakeBluesky, monkeypatch: pytest.MonkeyPatch, *, claimed: bool
) -> None:
    """It was claimed and not sent, or sent and not noted; the next process answers once."""
    elsewhere = bluesky.post("A dog", author="dora")
    asked = bluesky.post("@peoria.test", author="bob", images=0, above=elsewhere, reason="mention")
    async with start() as bot:
        dying(monkeypatch, bot, after_sending=not claimed)
        with pytest.raises(Killed):
            await bot.later()
        assert len(bluesky.own(asked)) == (0 if claimed else 1)
    async with start() as bot:
        for _ in range(3):
            await bot.later(2 * MINUTE)
        assert len(bluesky.own(asked)) == 1
        (item,) = await bot.all(InboxItem)
        assert item.state is ReplyState.SENT


async def test_an_account_is_that_of_one_server(
    data_dir: Path, bluesky: FakeBluesky, clock: FakeClock
) -> None:
    """What is typed in for one server is not sent to another: that wants a new start."""
    now = [settings_with(data_dir, bluesky)]
    network = BlueskyNetwork(now[0], lambda: now[0], clock=clock)
    now[0] = settings_with(data_dir, bluesky, bluesky_password="second")
    network.sign_in_anew()
    assert network.credentials_used.password == "second"
    elsewhere = {"bluesky_service": "https://pds.example", "bluesky_password": "third"}
    now[0] = settings_with(data_dir, bluesky, **elsewhere)
    network.sign_in_anew()
    assert network.credentials_used.password == "second"


async def test_who_asks_is_answered_once(start: OpenBot, bluesky: FakeBluesky) -> None:
    elsewhere = bluesky.post("A dog", author="dora")
    asked = bluesky.post("@peoria.test", author="bob", images=0, above=elsewhere, reason="mention")
    said = bluesky.post("Ha!", author="eve", images=0, above=elsewhere, reason="reply")
    async with start() as bot:
        # The answer arrives, and we do not hear of it.
        bluesky.fail("putRecord", after=0, done=True, cut=True)
        bluesky.records["app.bsky.actor.profile", "self"] = {"labels": {"values": [{"val": "bot"}]}}
        await bot.later()
        for _ in range(3):
            await bot.later(5 * MINUTE)
        (item,) = await bot.all(InboxItem)
        assert item.state is ReplyState.SENT
        (answer,) = bluesky.own(asked)
        assert "Chances: low" in answer["text"]
        assert answer["reply"]["root"]["uri"] == elsewhere["uri"]
        assert bluesky.own(said) == []


async def test_a_guess_counts_as_of_when_it_was_sent_and_not_as_of_what_it_says(
    start: OpenBot, bluesky: FakeBluesky
) -> None:
    shown = bluesky.post()
    async with start(bluesky_guesses=True) as bot:
        await bot.later()
        in_time = bot.clock().isoformat()
        bluesky.post("!guess low", author="bob", images=0, above=shown, reason="reply")
        bot.clock.forward(23 * HOUR)
        late = bluesky.post("!guess high", author="eve", images=0, above=shown, reason="reply")
        late["record"]["createdAt"] = in_time
        await bot.later(MINUTE)
        assert [guess.bucket for guess in await bot.all(Guess)] == ["low"]


async def test_a_page_of_what_somebody_passed_on_does_not_end_an_import(
    start: OpenBot, bluesky: FakeBluesky
) -> None:
    feed = "at://did:plc:abc/app.bsky.feed.generator/cats"
    mine = bluesky.post("Mine")
    bluesky.entries = [{"post": mine}] + [
        {"post": bluesky.post(f"Theirs {n}"), "reason": bluesky.passed_on()} for n in range(PAGE)
    ]
    async with start(bluesky_watch=feed) as bot:
        bot.clock.forward(3 * 24 * HOUR)
        await bot.later()
        since = bot.clock() - timedelta(days=5)
        await bot.platform.begin_import(feed, since=since)
        for _ in range(7):
            await bot.later(6)
        (ended,) = await bot.all(HistoryImport)
        assert ended.ended_at is not None
        assert [post.title for post in await bot.all(Post)] == ["Mine"]


async def test_opting_out_and_deletions(start: OpenBot, bluesky: FakeBluesky) -> None:
    bluesky.post("One #cats", author="ann")
    two = bluesky.post("Two #cats", author="bob")
    bluesky.post("Three #cats", author="carl")
    async with start() as bot:
        await bot.later()
        bluesky.post("@peoria.test !optout", author="ann", images=0, reason="mention")
        await bot.later(MINUTE)
        out = [each for each in await bot.all(Author) if each.opted_out_at is not None]
        assert len(out) == 1
        assert (await bot.all(Post))[0].state is PostState.WITHDRAWN
        await bot.later(25 * HOUR)
        del bluesky.views[two["uri"]]
        for _ in range(9):
            await bot.later(11 * MINUTE)
        assert [post.title for post in await bot.all(Post)][1:] == ["", "Three #cats"]
        assert len(await bot.all(Embedding)) >= 1


async def test_the_check_says_what_is_wrong_and_writes_nothing(
    data_dir: Path, bluesky: FakeBluesky, clock: FakeClock
) -> None:
    bluesky.post()
    feed = "at://did:plc:abc/app.bsky.feed.generator/cats"

    async def found(**changes: Any) -> list[tuple[str, bool | None]]:
        settings = settings_with(data_dir, bluesky, **changes)
        return [(each.what, each.ok) for each in await check_bluesky(settings, clock)]

    assert await found(bluesky_watch=f"#cats,@ann.test,@nobody.test,{feed}") == [
        ("credentials", True),
        ("replies", True),
        ("#cats", True),
        ("@ann.test", True),
        ("@nobody.test", False),
        (feed, True),
    ]
    assert await found(bluesky_password="wrong") == [("credentials", False)]
    assert await found(bluesky_password=None) == [("credentials", False)]
    written = {path for method, path in bluesky.requests if method == "POST"}
    assert written == {"/xrpc/com.atproto.server.createSession"}
