"""A whole Peoria on a loopback server of Mastodon."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.communities import set_option
from bot.community_language import LANGUAGE
from bot.mastodon.check import check_mastodon
from bot.platform import PlatformRefused, PlatformUnavailable
from bot.settings import Settings
from storage.tables import Author, Community, Embedding, Guess, InboxItem, Label, Post, Reply
from storage.types import PlatformName, PostState, ReplyState
from tests.bot.networks.running import Killed, OpenBot, dying, running, settings_of
from tests.fakes.clock import FakeClock
from tests.fakes.mastodon import FakeMastodon, serving
from tests.fakes.mastodon.server import ME, TOKEN, edited

MINUTE, HOUR = 60, 3600


@pytest.fixture
async def mastodon(clock: FakeClock) -> AsyncIterator[FakeMastodon]:
    fake = FakeMastodon(clock)
    async with serving(fake):
        yield fake


def settings_with(data_dir: Path, mastodon: FakeMastodon, **changes: Any) -> Settings:
    values = {
        "mastodon_instance": mastodon.origin,
        "mastodon_token": TOKEN,
        "mastodon_watch": "#Cats",
        "mastodon_reply": "on",
        **changes,
    }
    return settings_of(data_dir, **values)


@pytest.fixture
def start(data_dir: Path, mastodon: FakeMastodon, clock: FakeClock) -> OpenBot:
    return lambda **changes: running(
        PlatformName.MASTODON, settings_with(data_dir, mastodon, **changes), clock
    )


async def test_a_post_from_its_appearance_to_its_outcome(
    start: OpenBot, mastodon: FakeMastodon
) -> None:
    shown = mastodon.post("A cat & a dog")
    mastodon.write("Words #cats")
    async with start() as bot:
        # The server answers, and its answer is lost.
        mastodon.fail("POST /api/v1/statuses", done=True, cut=True)
        await bot.later()
        (reply,) = await bot.all(Reply)
        assert reply.state is ReplyState.PENDING
        (answer,) = mastodon.own(shown["id"])
        assert "Chances: low" in answer["content"]
        assert "https://mastodon.social/@peoria" in answer["content"], "who says so"
        assert answer["visibility"] == "unlisted"
        assert "@ann" not in answer["content"], "nobody is notified who did not ask"
        assert mastodon.accounts[ME]["bot"] is True
        (post,) = await bot.all(Post)
        assert post.title == "A cat & a dog #cats"
        (community,) = await bot.all(Community)
        assert (community.platform, community.name) == (PlatformName.MASTODON, "#cats")
    async with start() as bot:
        await bot.later(5 * MINUTE)
        await bot.later(5 * MINUTE)
        (reply,) = await bot.all(Reply)
        assert reply.state is ReplyState.SENT
        shown.update(favourites_count=40, reblogs_count=2, replies_count=3)
        await bot.later(24 * HOUR)
        await bot.later(MINUTE)
        (label,) = await bot.all(Label)
        assert label.score == 42
        (answer,) = mastodon.own(shown["id"])
        assert "The votes are in." in answer["content"], "the same status, changed"
        assert len(re.sub(r"<[^>]*>", "", answer["content"])) <= 500


async def test_what_is_left_alone(start: OpenBot, mastodon: FakeMastodon) -> None:
    mastodon.person("shy", note='<p>Painter. <a href="/tags/nobot">#<span>NoBot</span></a></p>')
    mastodon.person("field", fields=[{"name": "Bots", "value": "#nobots please"}])
    mastodon.person("hidden", noindex=True)
    mastodon.person("robot", bot=True)
    for author in ("shy", "field", "hidden", "robot"):
        mastodon.post(author=author)
    mastodon.post(visibility="private")
    mastodon.post(sensitive=True)
    mastodon.post(spoiler_text="spiders")
    first = mastodon.post("Taken")
    mastodon.post(above=first["id"])
    mastodon.post(reblog={"id": "1"})
    async with start() as bot:
        await bot.later()
        assert [post.title for post in await bot.all(Post)] == ["Taken #cats"]


async def test_accounts_and_lists_are_watched_and_pages_are_read_back(
    start: OpenBot, mastodon: FakeMastodon
) -> None:
    oldest = mastodon.write("First", author="carl@art.example", images=2)
    for n in range(45):
        mastodon.write(f"No image {n}", author="carl@art.example")
    mastodon.lists["7"] = {"dora"}
    mastodon.write("Of the list", author="dora", images=1)
    async with start(
        mastodon_watch="@Carl@art.example, list:7, list:8", mastodon_reply="off"
    ) as bot:
        await bot.later()
        assert {post.title for post in await bot.all(Post)} == {"First", "Of the list"}
        assert mastodon.own(oldest["id"]) == []
        assert mastodon.accounts[ME]["bot"] is False, "nothing is written"


async def test_an_account_that_is_watched_is_not_notified(
    start: OpenBot, mastodon: FakeMastodon
) -> None:
    shown = mastodon.write("A cat", author="carl@art.example", images=1)
    async with start(mastodon_watch="@carl@art.example") as bot:
        await bot.later()
        (answer,) = mastodon.own(shown["id"])
        assert "Chances: low" in answer["content"]
        assert "@carl" not in answer["content"]
        shown.update(favourites_count=4)
        await bot.later(24 * HOUR)
        await bot.later(MINUTE)
        (answer,) = mastodon.own(shown["id"])
        assert "The votes are in." in answer["content"]
        assert "@carl" not in answer["content"]


async def test_an_answer_says_in_which_language_it_is(
    start: OpenBot, mastodon: FakeMastodon
) -> None:
    english = mastodon.post()
    async with start() as bot:
        await bot.later()
        (answer,) = mastodon.own(english["id"])
        assert answer["language"] == "en"
        (community,) = await bot.all(Community)
        await set_option(bot.app.core.database, community.id, LANGUAGE, "pt-BR")
        portuguese = mastodon.post()
        await bot.later(MINUTE)
        (answer,) = mastodon.own(portuguese["id"])
        assert answer["language"] == "pt"
        assert "Chances: low" not in answer["content"]


async def test_one_status_that_is_refused_keeps_no_other_message_from_being_read(
    start: OpenBot, mastodon: FakeMastodon
) -> None:
    closed = mastodon.write("Closed", author="dora", images=1)
    mastodon.write(f"@{ME}", author="bob", above=closed["id"])
    asked = mastodon.write(f"@{ME} mine?", author="eve", images=1)
    mastodon.fail(f"/statuses/{closed['id']}", status=403, body='{"error": "Forbidden"}', times=9)
    async with start(mastodon_reply="asked") as bot:
        await bot.later()
        assert len(mastodon.own(asked["id"])) == 1


async def test_who_asks_is_answered_and_only_they(start: OpenBot, mastodon: FakeMastodon) -> None:
    watched = mastodon.post("Watched")
    elsewhere = mastodon.write("A dog", author="dora", images=1)
    asked = mastodon.write(f"@{ME}", author="bob", above=elsewhere["id"])
    own = mastodon.write(f"@{ME} mine?", author="eve", images=1)
    hidden = mastodon.write(f"@{ME}", author="fay", above=elsewhere["id"], visibility="direct")
    async with start(mastodon_reply="asked") as bot:
        await bot.later()
        await bot.later(MINUTE)
        assert mastodon.own(watched["id"]) == []
        (answer,) = mastodon.own(asked["id"])
        assert answer["content"].startswith("<p>@bob ")
        assert "Chances: low" in answer["content"]
        assert len(mastodon.own(own["id"])) == 1
        assert mastodon.own(hidden["id"]) == []
        # They go on talking, and nobody asks for anything.
        more = mastodon.write(f"@bob @{ME} Ha!", author="dora", above=answer["id"])
        await bot.later(MINUTE)
        assert mastodon.own(more["id"]) == []
        # Programs put every name of a post before what people answer to it.
        nice = mastodon.write(f"@eve @{ME} What a nice dog!", author="gil", above=own["id"])
        clear = mastodon.write(f"@eve @{ME} !predict", author="hal", above=own["id"])
        await bot.later(MINUTE)
        await bot.later(MINUTE)
        assert mastodon.own(nice["id"]) == []
        assert len(mastodon.own(clear["id"])) == 1
        assert {each.source_id for each in await bot.all(Community)} == {"#cats", "asked"}


async def test_a_question_is_answered_within_hours_or_not_at_all(
    start: OpenBot, mastodon: FakeMastodon, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(posts: object) -> None:
        raise PlatformUnavailable("away")

    asked = mastodon.write(f"@{ME} mine?", author="eve", images=1)
    async with start(mastodon_reply="asked") as bot:
        monkeypatch.setattr(bot.platform.network, "look", away)
        await bot.later()
        (item,) = await bot.all(InboxItem)
        assert item.state is ReplyState.PENDING
        await bot.later(6 * HOUR + MINUTE)
        (item,) = await bot.all(InboxItem)
        assert item.state is ReplyState.SKIPPED
        assert mastodon.own(asked["id"]) == []


async def test_a_watched_post_that_names_us_is_answered_once_and_no_post_without_end(
    start: OpenBot, mastodon: FakeMastodon
) -> None:
    shown = mastodon.post(f"@{ME} mine?", author="eve")
    async with start() as bot:
        await bot.later()
        for _ in range(3):
            await bot.later(2 * MINUTE)
        assert len(mastodon.own(shown["id"])) == 1
        (item,) = await bot.all(InboxItem)
        assert item.reason == "The reply to the post answers it."
        elsewhere = mastodon.write("A dog", author="dora", images=1)
        asked = [
            mastodon.write(f"@{ME}", author=name, above=elsewhere["id"])
            for name in ("bob", "carl", "fay", "gil", "hal")
        ]
        await bot.later(MINUTE)
        await bot.later(MINUTE)
        assert sorted(len(mastodon.own(each["id"])) for each in asked) == [0, 0, 1, 1, 1]


@pytest.mark.parametrize("claimed", [False, True])
async def test_a_process_that_dies_around_an_answer_leaves_one(
    start: OpenBot, mastodon: FakeMastodon, monkeypatch: pytest.MonkeyPatch, *, claimed: bool
) -> None:
    """It was claimed and not sent, or sent and not noted; the next process answers once."""
    elsewhere = mastodon.write("A dog", author="dora", images=1)
    asked = mastodon.write(f"@{ME}", author="bob", above=elsewhere["id"])
    async with start(mastodon_reply="asked") as bot:
        dying(monkeypatch, bot, after_sending=not claimed)
        with pytest.raises(Killed):
            await bot.later()
        assert len(mastodon.own(asked["id"])) == (0 if claimed else 1)
    async with start(mastodon_reply="asked") as bot:
        for _ in range(3):
            await bot.later(2 * MINUTE)
        assert len(mastodon.own(asked["id"])) == 1
        (item,) = await bot.all(InboxItem)
        assert item.state is ReplyState.SENT


async def test_opting_out_by_an_answer(start: OpenBot, mastodon: FakeMastodon) -> None:
    shown = mastodon.post(author="ann")
    async with start() as bot:
        await bot.later()
        (mine,) = mastodon.own(shown["id"])
        wish = mastodon.write(f"@{ME} !optout", author="ann", above=mine["id"])
        mastodon.write(f"@{ME} stop", author="eve", visibility="direct")
        await bot.later(MINUTE)
        await bot.later(MINUTE)
        out = [each for each in await bot.all(Author) if each.opted_out_at is not None]
        assert len(out) == 2
        (post,) = await bot.all(Post)
        assert post.state is PostState.WITHDRAWN
        assert mastodon.own(shown["id"]) == [], "taken back"
        (answer,) = mastodon.own(wish["id"])
        assert "Done: your posts are left alone" in answer["content"]
        mastodon.post(author="ann")
        await bot.later(2 * MINUTE)
        assert len(await bot.all(Post)) == 1
        assert len(await bot.all(InboxItem)) == 2


async def test_guesses_in_answers_are_edited_in_time(
    start: OpenBot, mastodon: FakeMastodon
) -> None:
    shown = mastodon.post(author="ann")
    async with start(mastodon_guesses=True) as bot:
        await bot.later()
        (mine,) = mastodon.own(shown["id"])
        said = mastodon.write(f"@{ME} !guess high", author="bob", above=mine["id"])
        await bot.later(MINUTE)
        assert [guess.bucket for guess in await bot.all(Guess)] == ["high"]
        edited(said, f"@{ME} !guess low", bot.clock())
        await bot.later(MINUTE)
        assert [guess.bucket for guess in await bot.all(Guess)] == ["low"]


@pytest.mark.parametrize("is_old", [False, True])
async def test_deleted_posts_are_forgotten(
    start: OpenBot, mastodon: FakeMastodon, *, is_old: bool
) -> None:
    mastodon.is_old = is_old
    deleted = mastodon.post("One")
    mastodon.post("Two")
    async with start(mastodon_reply="off") as bot:
        await bot.later()
        await bot.later(25 * HOUR)
        del mastodon.statuses[deleted["id"]]
        for _ in range(9):
            await bot.later(11 * MINUTE)
        assert [post.title for post in await bot.all(Post)] == ["", "Two #cats"]
        assert len(await bot.all(Embedding)) == 1


async def test_faults_of_the_server_put_off_and_lose_nothing(
    start: OpenBot, mastodon: FakeMastodon
) -> None:
    async with start() as bot:
        for fault in (
            {"status": 429, "headers": {"X-RateLimit-Reset": "2099-01-01T00:00:00Z"}},
            {"status": 503},
            {"body": "<html>Ow!"},
            {"body": '[null, 7, {"id": 3}, {"id": "x", "created_at": 5}]'},
            {"cut": True},
            {"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}},
        ):
            mastodon.fail("/timelines/tag", **fault)
            await bot.later(3 * HOUR)
        shown = mastodon.post()
        await bot.later(11 * MINUTE)
        assert len(mastodon.own(shown["id"])) == 1


async def test_the_check_says_what_is_wrong_and_writes_nothing(
    data_dir: Path, mastodon: FakeMastodon, clock: FakeClock
) -> None:
    mastodon.post()
    mastodon.person("ann")

    async def found(**changes: Any) -> list[tuple[str, bool | None]]:
        settings = settings_with(data_dir, mastodon, **changes)
        return [(each.what, each.ok) for each in await check_mastodon(settings, clock)]

    assert await found(mastodon_watch="#cats,@ann,@nobody,list:9") == [
        ("credentials", True),
        ("replies", True),
        ("#cats", True),
        ("@ann", True),
        ("@nobody", False),
        ("list:9", False),
    ]
    assert await found(mastodon_token="wrong") == [("credentials", False)]
    assert await found(mastodon_token=None) == [("credentials", False)]
    assert (await found(mastodon_watch=""))[-1] == ("communities", False)
    assert {method for method, _ in mastodon.requests} == {"GET"}


async def test_a_token_that_is_refused_says_what_to_do(
    start: OpenBot, mastodon: FakeMastodon
) -> None:
    mastodon.token = "another"
    async with start() as bot:
        with pytest.raises(PlatformRefused, match="PEORIA_MASTODON_TOKEN") as refused:
            await bot.platform.start()
        assert TOKEN not in str(refused.value)


@pytest.mark.parametrize("given", ["cats", "#", "# cats", "@a b", "list:x", "#a/b", "@a@b/c"])
def test_what_can_be_no_hashtag_account_or_list_is_refused(given: str, data_dir: Path) -> None:
    with pytest.raises(ValueError, match="list:7"):
        Settings(data_dir=data_dir, mastodon_watch=given)
