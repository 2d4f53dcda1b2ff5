"""A whole Peoria on a loopback instance of Lemmy."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.communities import set_option
from bot.community_language import LANGUAGE
from bot.lemmy.check import check_lemmy
from bot.lemmy.client import PAGE
from bot.networks.history import CLOSED
from bot.people.identity import hash_person
from bot.platform import PlatformRefused
from bot.settings import Settings, SettingsRefused
from storage.tables import (
    Author,
    Community,
    Embedding,
    Guess,
    HistoryImport,
    InboxItem,
    Label,
    Post,
    Reply,
)
from storage.types import PlatformName, PostState, ReplyState
from tests.bot.networks.running import Killed, OpenBot, dying, running, settings_of
from tests.fakes.clock import FakeClock
from tests.fakes.lemmy import FakeLemmy, serving
from tests.fakes.lemmy.server import ME, MY_ID, PASSWORD

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600


@pytest.fixture
async def lemmy(clock: FakeClock) -> AsyncIterator[FakeLemmy]:
    fake = FakeLemmy(clock)
    async with serving(fake):
        yield fake


def settings_with(data_dir: Path, lemmy: FakeLemmy, **changes: Any) -> Settings:
    values = {
        "lemmy_instance": lemmy.origin,
        "lemmy_username": ME,
        "lemmy_password": PASSWORD,
        "lemmy_communities": "!memes@lemmy.world",
        "lemmy_reply": "on",
        **changes,
    }
    return settings_of(data_dir, **values)


@pytest.fixture
def start(data_dir: Path, lemmy: FakeLemmy, clock: FakeClock) -> OpenBot:
    return lambda **changes: running(
        PlatformName.LEMMY, settings_with(data_dir, lemmy, **changes), clock
    )


async def test_a_post_from_its_appearance_to_its_outcome(start: OpenBot, lemmy: FakeLemmy) -> None:
    shown = lemmy.post("A cat")
    words = lemmy.post("Words", url=None, url_content_type=None)
    post_id = shown["post"]["id"]
    async with start() as bot:
        await bot.later()
        (comment,) = lemmy.own(post_id)
        assert "Chances: low" in comment["content"]
        assert f"{lemmy.origin}/u/{ME}" in comment["content"]
        assert lemmy.own(words["post"]["id"]) == []
        (community,) = await bot.all(Community)
        assert (community.platform, community.source_id) == (
            PlatformName.LEMMY,
            "memes@lemmy.world",
        )
    async with start() as bot:
        shown["counts"].update(score=42, upvotes=50, downvotes=8, comments=3)
        await bot.later(24 * HOUR)
        await bot.later(MINUTE)
        (label,) = await bot.all(Label)
        assert label.score == 42
        assert len(lemmy.own(post_id)) == 1, "the same comment, changed"
        assert "The votes are in." in lemmy.own(post_id)[0]["content"]


async def test_the_past_is_imported_once_and_goes_on_after_a_restart(
    start: OpenBot, lemmy: FakeLemmy, clock: FakeClock
) -> None:
    for number in range(4):
        old = lemmy.post(f"Old {number}", deleted=number == 3)
        old["counts"].update(score=10 * number)
        clock.forward(DAY)
    # Two pages, so that where it goes on matters.
    for number in range(PAGE + 2):
        lemmy.post(f"Words {number}", url=None, url_content_type=None)
    clock.forward(5 * DAY)
    lemmy.post("Young")
    async with start(lemmy_reply="off") as bot:
        await bot.later()
        with pytest.raises(PlatformRefused, match=r"what is: memes@lemmy\.world"):
            await bot.platform.begin_import("cats@lemmy.world", since=clock())
        since = clock() - timedelta(days=8, hours=1)
        await bot.platform.begin_import("!memes@lemmy.world", since=since)
        await bot.later(6)
    async with start(lemmy_reply="off") as bot:
        for _ in range(6):
            await bot.later(6)
        (ended,) = await bot.all(HistoryImport)
        assert ended.ended_at is not None
        assert (ended.counts["messages"], ended.counts["stored"]) == (PAGE + 2 + 1 + 2, 2)
        assert ended.counts["too_young"] == 1, "it is left to those who watch"
        past = {each.id: each.title for each in await bot.all(Post)}
        scores = {past[each.post_id]: each.score for each in await bot.all(Label)}
        assert scores == {"Old 1": 10, "Old 2": 20}, "not the deleted one, nor one before that"
        lemmy.fail("/post/list", status=404, body='{"error": "couldnt_find_community"}', times=9)
        await bot.platform.begin_import("memes@lemmy.world", since=since)
        await bot.later(6)
        assert (await bot.all(HistoryImport))[-1].fault == CLOSED


async def test_a_community_is_written_to_in_its_language(start: OpenBot, lemmy: FakeLemmy) -> None:
    lemmy.post("A cat")
    async with start() as bot:
        await bot.later()
        (community,) = await bot.all(Community)
        await set_option(bot.app.core.database, community.id, LANGUAGE, "fr")
        second = lemmy.post("Un chat")
        await bot.later(5 * MINUTE)
        (comment,) = lemmy.own(second["post"]["id"])
        assert "Chances : faible" in comment["content"]
        assert comment["content"].endswith("*et je laisse tes posts tranquilles.*")


async def test_a_comment_whose_answer_was_lost_is_found_and_not_sent_again(
    start: OpenBot, lemmy: FakeLemmy
) -> None:
    shown = lemmy.post()
    async with start() as bot:
        lemmy.fail("/api/v3/comment", done=True, cut=True)
        await bot.later()
        assert len(lemmy.own(shown["post"]["id"])) == 1
        (reply,) = await bot.all(Reply)
        assert reply.state is ReplyState.PENDING
    async with start() as bot:
        await bot.later(5 * MINUTE)
        await bot.later(5 * MINUTE)
        (reply,) = await bot.all(Reply)
        assert reply.state is ReplyState.SENT
        assert len(lemmy.own(shown["post"]["id"])) == 1


@pytest.mark.parametrize("claimed", [False, True])
async def test_a_process_that_dies_around_an_answer_leaves_one(
    start: OpenBot, lemmy: FakeLemmy, monkeypatch: pytest.MonkeyPatch, *, claimed: bool
) -> None:
    """It was claimed and not sent, or sent and not noted; the next process answers once."""
    shown = lemmy.post(author="dora")["post"]["id"]
    async with start() as bot:
        await bot.later()
        assert len(lemmy.own(shown)) == 1, "the reply to the post"
        lemmy.mentions.append(lemmy.write(shown, "@peoria what do you say?", author="bob"))
        dying(monkeypatch, bot, after_sending=not claimed)
        with pytest.raises(Killed):
            await bot.later(MINUTE)
        assert len(lemmy.own(shown)) == (1 if claimed else 2)
    async with start() as bot:
        for _ in range(3):
            await bot.later(2 * MINUTE)
        assert len(lemmy.own(shown)) == 2
        (item,) = await bot.all(InboxItem)
        assert item.state is ReplyState.SENT


async def test_an_answer_to_a_reply_whose_own_answer_was_lost_is_not_sent_again(
    start: OpenBot, lemmy: FakeLemmy
) -> None:
    post_id = lemmy.post(author="ann")["post"]["id"]
    async with start() as bot:
        await bot.later()
        (mine,) = lemmy.own(post_id)
        said = lemmy.write(post_id, "!optout", author="bob", parent=mine["id"])
        lemmy.replies.append({**said, "comment_reply": {"id": 1, "read": False}})
        lemmy.fail("/api/v3/comment", done=True, cut=True)
        await bot.later(MINUTE)
        for _ in range(3):
            await bot.later(5 * MINUTE)
        (item,) = await bot.all(InboxItem)
        assert item.state is ReplyState.SENT
        answers = [each for each in lemmy.own(post_id) if each["content"].startswith("Done")]
        assert len(answers) == 1


async def test_faults_of_the_instance_put_off_and_lose_nothing(
    start: OpenBot, lemmy: FakeLemmy
) -> None:
    async with start() as bot:
        for fault in (
            {"status": 429, "headers": {"Retry-After": "120"}},
            {"status": 503},
            {"body": "<html>Ow!"},
            {"cut": True},
            {"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}},
        ):
            lemmy.fail("/api/v3/post/list", **fault)
            await bot.later(3 * MINUTE)
        shown = lemmy.post()
        lemmy.tokens.clear()
        await bot.later(11 * MINUTE)
        assert len(lemmy.own(shown["post"]["id"])) == 1, "signed in again"


async def test_a_pinned_post_does_not_end_the_reading_of_a_listing(
    start: OpenBot, lemmy: FakeLemmy, clock: FakeClock
) -> None:
    lemmy.post("Rules", featured_community=True)
    clock.forward(30 * 24 * HOUR)
    first = lemmy.post("An image")
    for _ in range(50):
        lemmy.post("Nothing for us", locked=True)
    async with start() as bot:
        await bot.later()
        assert len(lemmy.own(first["post"]["id"])) == 1, "it stands on the second page"


async def test_a_person_who_names_the_bot_is_answered_and_a_bot_is_not(
    start: OpenBot, lemmy: FakeLemmy
) -> None:
    shown = lemmy.post("A cat")["post"]["id"]
    async with start() as bot:
        await bot.later()
        asked = lemmy.write(shown, "@peoria what do you say?", author="bob")
        said = lemmy.write(shown, "@peoria beep", author="robot")
        said["creator"]["bot_account"] = True
        lemmy.mentions += [asked, said]
        await bot.later(MINUTE)
        await bot.later(MINUTE)
        answers = [
            each["comment"]["path"].split(".")[-2]
            for each in lemmy.comments.values()
            if each["comment"]["creator_id"] == MY_ID
        ]
        assert answers == ["0", str(asked["comment"]["id"])]


async def test_opting_out_by_a_reply_and_by_a_message(start: OpenBot, lemmy: FakeLemmy) -> None:
    shown = lemmy.post(author="ann")
    post_id = shown["post"]["id"]
    async with start() as bot:
        await bot.later()
        (mine,) = lemmy.own(post_id)
        said = lemmy.write(post_id, "!optout", author="ann", parent=mine["id"])
        lemmy.replies.append({**said, "comment_reply": {"id": 1, "read": False}})
        message = {"id": 9, "content": "stop", "published": lemmy.now(), "creator_id": 5}
        lemmy.messages.append({"private_message": message, "creator": lemmy.person("eve", 5)})
        await bot.later(MINUTE)
        await bot.later(MINUTE)
        key = bot.app.core.people_key
        out = {each.hash for each in await bot.all(Author) if each.opted_out_at is not None}
        assert out == {
            hash_person(key, PlatformName.LEMMY, f"https://lemmy.world/u/{name}")
            for name in ("ann", "eve")
        }
        (post,) = await bot.all(Post)
        assert post.state is PostState.WITHDRAWN
        (answer,) = lemmy.own(post_id)
        assert answer["content"].startswith("Done: your posts are left alone")
        lemmy.post(author="ann")
        await bot.later(2 * MINUTE)
        assert len(await bot.all(Post)) == 1
        assert len(await bot.all(InboxItem)) == 2


async def test_deleted_posts_are_forgotten_and_an_instance_that_hides_all_is_not_believed(
    start: OpenBot, lemmy: FakeLemmy
) -> None:
    deleted, kept = lemmy.post("One"), lemmy.post("Two")
    async with start() as bot:
        await bot.later()
        await bot.later(25 * HOUR)
        lemmy.delete(deleted)
        lemmy.communities.clear()
        for _ in range(4):
            await bot.later(11 * MINUTE)
        titles = [post.title for post in await bot.all(Post)]
        assert titles == ["One", "Two"]
        lemmy.communities["memes@lemmy.world"] = False
        # A moment's absence proves nothing either.
        kept["post"]["removed"] = True
        for _ in range(3):
            await bot.later(11 * MINUTE)
        kept["post"]["removed"] = False
        titles = [post.title for post in await bot.all(Post)]
        assert titles == ["One", "Two"]
        for _ in range(9):
            await bot.later(11 * MINUTE)
        titles = [post.title for post in await bot.all(Post)]
        assert titles == ["", "Two"]
        assert len(await bot.all(Embedding)) == 1
        assert kept["post"]["name"] == "Two"


async def test_guesses_by_comment_count_are_changed_and_taken_back(
    start: OpenBot, lemmy: FakeLemmy
) -> None:
    post_id = lemmy.post(author="ann")["post"]["id"]
    async with start(lemmy_guesses=True) as bot:
        await bot.later()
        said = lemmy.write(post_id, "!guess high", author="bob")["comment"]
        lemmy.write(post_id, "!guess low", author="ann")
        lemmy.write(post_id, "`!guess low` is how it is done", author="eve")
        await bot.later(2 * MINUTE)
        assert [guess.bucket for guess in await bot.all(Guess)] == ["high"], "not the author's"
        said.update(content="!guess low", updated=lemmy.now())
        await bot.later(2 * MINUTE)
        assert [guess.bucket for guess in await bot.all(Guess)] == ["low"]
        bot.clock.forward(MINUTE)
        said.update(deleted=True, updated=lemmy.now())
        await bot.later(2 * MINUTE)
        assert await bot.all(Guess) == []
        # Their server says that it is older than what we saw since: guessing has closed by now.
        bot.clock.forward(2 * HOUR)
        await bot.later(2 * MINUTE)
        late = lemmy.write(post_id, "!guess high", author="mallory")["comment"]
        late["published"] = said["published"]
        await bot.later(2 * MINUTE)
        assert await bot.all(Guess) == []
    async with start() as bot:
        lemmy.write(post_id, "!guess high", author="carl")
        await bot.later(2 * MINUTE)
        assert await bot.all(Guess) == [], "guesses are switched off"


async def test_a_wish_below_many_newer_messages_is_heard(start: OpenBot, lemmy: FakeLemmy) -> None:
    post_id = lemmy.post(author="ann")["post"]["id"]
    wish = lemmy.write(post_id, "!optout", author="ann")
    lemmy.replies.append({**wish, "comment_reply": {"id": 1, "read": False}})
    for _ in range(120):
        lemmy.replies.append(lemmy.write(post_id, "Ha", author="bob"))
    async with start() as bot:
        await bot.later(MINUTE)
        (item,) = await bot.all(InboxItem)
        assert item.kind == "optout"

        async def pages(seconds: float) -> int:
            before = len(lemmy.requests)
            await bot.later(seconds)
            return len([path for _, path in lemmy.requests[before:] if "/user/replies" in path])

        assert await pages(2 * HOUR) == 3
        assert await pages(MINUTE) == 1, "only what is new is read again"


async def test_a_bot_says_that_it_is_one_and_a_ban_ends_what_it_writes(
    start: OpenBot, lemmy: FakeLemmy
) -> None:
    async with start() as bot:
        await bot.platform.start()
        assert lemmy.is_bot
        await bot.platform.stop()
    lemmy.communities["memes@lemmy.world"] = True
    first, second = lemmy.post(), lemmy.post()
    async with start() as bot:
        await bot.later()
        (community,) = await bot.all(Community)
        assert "banned_at" in community.options
        lemmy.communities["memes@lemmy.world"] = False
        await bot.later(2 * HOUR)
        third = lemmy.post()
        await bot.later(2 * MINUTE)
        written = [len(lemmy.own(each["post"]["id"])) for each in (first, second, third)]
        assert written == [0, 0, 1]


async def test_an_account_is_marked_as_a_bot_when_the_instance_is_back(
    start: OpenBot, lemmy: FakeLemmy
) -> None:
    lemmy.fail("/api/v3/site", status=503)
    async with start() as bot:
        await bot.later()
        assert not lemmy.is_bot
        await bot.later(20 * MINUTE)
        assert lemmy.is_bot


async def test_refused_credentials_say_what_to_do(start: OpenBot, lemmy: FakeLemmy) -> None:
    lemmy.password = "another"
    async with start() as bot:
        with pytest.raises(PlatformRefused, match="PEORIA_LEMMY_PASSWORD") as refused:
            await bot.platform.start()
        assert PASSWORD not in str(refused.value)


async def test_the_check_says_what_is_wrong_and_writes_nothing(
    data_dir: Path, lemmy: FakeLemmy, clock: FakeClock
) -> None:
    lemmy.post()

    async def found(**changes: Any) -> list[tuple[str, bool | None]]:
        settings = Settings(
            **{
                "data_dir": data_dir,
                "lemmy_instance": lemmy.origin,
                "lemmy_username": ME,
                "lemmy_password": PASSWORD,
                "lemmy_communities": "memes@lemmy.world,cats@lemmy.ml",
                **changes,
            }
        )
        return [(each.what, each.ok) for each in await check_lemmy(settings, clock)]

    assert await found() == [
        ("credentials", True),
        ("replies", True),
        ("!memes@lemmy.world", True),
        ("!cats@lemmy.ml", False),
    ]
    assert await found(lemmy_password="wrong") == [("credentials", False)]
    assert await found(lemmy_password=None) == [("credentials", False)]
    assert {method for method, path in lemmy.requests if not path.endswith("/login")} == {"GET"}


@pytest.mark.parametrize("given", ["memes", "a b@c", "memes@lemmy.world,x"])
def test_what_is_no_community_is_refused(given: str, data_dir: Path) -> None:
    with pytest.raises((SettingsRefused, ValueError), match=r"memes@lemmy\.world"):
        Settings(data_dir=data_dir, lemmy_communities=given)
