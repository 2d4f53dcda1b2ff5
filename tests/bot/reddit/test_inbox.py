"""What people ask the bot for."""

from typing import Any

import pytest

from bot.networks.texts import opted_out_sentence
from bot.people.consent import OptOut, opt_out_in
from bot.people.identity import hash_person
from storage.tables import Author, InboxItem, Post
from storage.types import InboxKind, PlatformName, PostState, ReplyState
from tests.bot.reddit.conftest import Bot, OpenBot
from tests.fakes.reddit import FakeReddit
from tests.fakes.reddit.world import ME

HOUR = 3600


async def has_opted_out(bot: Bot, name: str) -> bool:
    person = hash_person(bot.app.core.people_key, PlatformName.REDDIT, name)
    return any(
        author.hash == person and author.opted_out_at is not None
        for author in await bot.all(Author)
    )


async def test_a_mention_is_answered_once(start: OpenBot, reddit: FakeReddit, clock: Any) -> None:
    reddit.subreddit("funny")
    shown = reddit.post("funny")
    asked = reddit.comment(shown["name"], f"u/{ME} what do you say?")
    reddit.message(asked, "username_mention")
    async with start() as bot:
        await bot.tick()
        clock.forward(60)
        await bot.tick()
        (answer,) = reddit.comments_on(asked["name"])
        assert "ikely" in answer["body"].partition("Chances: low ")[0]
        assert "r/funny" in answer["body"]
        assert reddit.comments_on(shown["name"]) == [], "answered where it was asked"
        (item,) = await bot.all(InboxItem)
        assert (item.kind, item.state) == (InboxKind.PREDICT, ReplyState.SENT)
        assert item.answer_id == answer["name"]
    async with start() as bot:
        clock.forward(60)
        await bot.tick()
        assert len(reddit.comments_on(asked["name"])) == 1
        # r/funny is not watched, but the post is followed to its label.
        post = await bot.post(shown["name"])
        assert post is not None
        assert post.state is PostState.AWAITING_SCORE


async def test_predict_under_a_watched_post(bot: Bot, reddit: FakeReddit) -> None:
    shown = reddit.post("aww")
    await bot.tick()
    (card,) = reddit.comments_on(shown["name"])
    asked = reddit.comment(card["name"], "!predict")
    reddit.message(asked)
    chatter = reddit.comment(card["name"], "good bot")
    reddit.message(chatter)
    quoted = reddit.comment(card["name"], "> Reply `!optout`\n\nhaha")
    reddit.message(quoted)
    bot.clock.forward(60)
    await bot.tick()
    assert len(reddit.comments_on(asked["name"])) == 1
    assert len(await bot.all(InboxItem)) == 1
    assert not await has_opted_out(bot, "bob")


async def test_opting_out_withdraws_and_is_confirmed(bot: Bot, reddit: FakeReddit) -> None:
    mine, other = reddit.post("aww", author="bob"), reddit.post("aww", author="eve")
    await bot.tick()
    (card,) = reddit.comments_on(mine["name"])
    asked = reddit.comment(card["name"], "Please !OptOut, I do not want this")
    reddit.message(asked)
    bot.clock.forward(60)
    await bot.tick()
    assert await has_opted_out(bot, "bob")
    post = await bot.post(mine["name"])
    assert post is not None
    assert post.state is PostState.WITHDRAWN
    assert reddit.comments_on(mine["name"]) == []
    assert len(reddit.comments_on(other["name"])) == 1
    (answer,) = reddit.comments_on(asked["name"])
    assert answer["body"].startswith(opted_out_sentence())
    bot.clock.forward(60)
    again = reddit.post("aww", author="bob")
    await bot.tick()
    assert await bot.post(again["name"]) is None


async def test_opting_out_by_message_while_we_were_away(
    start: OpenBot, reddit: FakeReddit, clock: Any
) -> None:
    reddit.private_message("bob", "!optout", "")
    for _ in range(130):
        reddit.private_message("spam", "hello", "buy this")
    clock.forward(3 * 24 * HOUR)
    async with start(reddit_reply="off") as bot:
        await bot.tick()
        assert await has_opted_out(bot, "bob")
    # It was heard, and what is said later counts.
    reddit.private_message("bob", "", "!optin")
    async with start(reddit_reply="off") as bot:
        await bot.tick()
        assert not await has_opted_out(bot, "bob")
    async with start(reddit_reply="off") as bot:
        await bot.tick()
        assert not await has_opted_out(bot, "bob"), "the old message is not obeyed again"


async def test_who_opted_out_is_not_answered(bot: Bot, reddit: FakeReddit) -> None:
    shown = reddit.post("aww")
    reddit.private_message("bob", "!optout", "")
    await bot.tick()
    reddit.message(reddit.comment(shown["name"], f"u/{ME}"), "username_mention")
    bot.clock.forward(60)
    await bot.tick()
    assert [item.kind for item in await bot.all(InboxItem)] == [InboxKind.OPT_OUT]


async def test_what_cannot_be_predicted_is_said(bot: Bot, reddit: FakeReddit) -> None:
    film = reddit.post("pics", is_video=True)
    asked = reddit.comment(film["name"], f"u/{ME}")
    reddit.message(asked, "username_mention")
    old = reddit.post("pics", created_utc=bot.clock().timestamp() - 30 * HOUR)
    late = reddit.comment(old["name"], f"u/{ME}")
    reddit.message(late, "username_mention")
    await bot.tick()
    (answer,) = reddit.comments_on(asked["name"])
    assert answer["body"].startswith("Videos cannot be predicted, only images.")
    (answer,) = reddit.comments_on(late["name"])
    assert "votes on this post are in already" in answer["body"]
    assert await bot.all(Post) == []


async def test_a_secret_prediction_stays_secret(start: OpenBot, reddit: FakeReddit) -> None:
    shown = reddit.post("aww")
    asked = reddit.comment(shown["name"], f"u/{ME}")
    reddit.message(asked, "username_mention")
    async with start(silent_share=1) as bot:
        await bot.tick()
    (answer,) = reddit.comments_on(asked["name"])
    assert "kept secret" in answer["body"]


async def test_an_answer_that_was_accepted_unanswered_is_not_repeated(
    bot: Bot, reddit: FakeReddit
) -> None:
    reddit.subreddit("funny")
    asked = reddit.comment(reddit.post("funny")["name"], f"u/{ME}")
    reddit.message(asked, "username_mention")
    reddit.fail("/api/comment", done=True, cut=True)
    await bot.tick()
    bot.clock.forward(120)
    await bot.tick()
    assert len(reddit.comments_on(asked["name"])) == 1
    assert reddit.counted()["/api/comment"] == 1
    (item,) = await bot.all(InboxItem)
    assert item.state is ReplyState.SENT


async def test_nobody_makes_the_bot_talk_without_end(start: OpenBot, reddit: FakeReddit) -> None:
    shown = reddit.post("funny")
    asked = [reddit.comment(shown["name"], f"u/{ME}", f"fan{n}") for n in range(6)]
    for each in asked:
        reddit.message(each, "username_mention")
    reddit.message(reddit.comment(shown["name"], f"u/{ME} u/{ME}", ME), "username_mention")
    async with start() as bot:
        await bot.tick()
        assert sum(len(reddit.comments_on(each["name"])) for each in asked) == 3
        reasons = {item.reason for item in await bot.all(InboxItem)}
        assert reasons == {None, "It was answered often enough under this post."}


async def test_off_and_denied_nothing_is_answered(start: OpenBot, reddit: FakeReddit) -> None:
    asked = reddit.comment(reddit.post("pics")["name"], f"u/{ME}")
    reddit.message(asked, "username_mention")
    async with start(reddit_reply="off") as bot:
        await bot.tick()
        (item,) = await bot.all(InboxItem)
        assert item.state is ReplyState.SKIPPED
    second = reddit.comment(asked["name"], f"u/{ME}")
    reddit.message(second, "username_mention")
    async with start(reddit_deny="pics") as bot:
        await bot.tick()
        assert {item.state for item in await bot.all(InboxItem)} == {ReplyState.SKIPPED}
    assert reddit.own == []


async def test_old_questions_are_not_answered(bot: Bot, reddit: FakeReddit) -> None:
    reddit.message(reddit.comment(reddit.post("aww")["name"], f"u/{ME}"), "username_mention")
    bot.clock.forward(7 * HOUR)
    await bot.tick()
    assert await bot.all(InboxItem) == []


async def test_strange_messages_do_no_harm(bot: Bot, reddit: FakeReddit) -> None:
    reddit.messages = [
        ("t1", {"name": "t1_x"}),
        ("t1", {"name": 7, "body": None}),
        ("t1", {"name": "t1_y", "author": "x", "body": "!predict", "created_utc": "now"}),
        ("t4", {"name": "t4_z", "author": None, "body": "!optout", "created_utc": 1}),
        ("t1", {"name": "t1_w", "author": "x", "body": "!predict", "subreddit": "../x",
                "created_utc": bot.clock().timestamp(), "context": "/comments/"}),
    ]  # fmt: skip
    await bot.tick()
    (item,) = await bot.all(InboxItem)
    assert (item.source_id, item.state, item.post_source_id) == ("t1_w", ReplyState.SKIPPED, None)


async def test_a_wish_on_the_second_page_outlives_a_page_that_failed(
    bot: Bot, reddit: FakeReddit
) -> None:
    await bot.tick()
    reddit.private_message("bob", "!optout", "")
    for n in range(130):
        reddit.private_message(f"fan{n}", "!optin", "")
    reddit.fail("/message/inbox", after=1, status=503)
    bot.clock.forward(60)
    await bot.tick()
    assert not await has_opted_out(bot, "bob")
    bot.clock.forward(60)
    await bot.tick()
    assert await has_opted_out(bot, "bob")


async def test_a_message_that_cannot_be_handled_is_tried_again_and_holds_up_no_other(
    bot: Bot, reddit: FakeReddit, monkeypatch: pytest.MonkeyPatch
) -> None:
    reddit.private_message("bob", "!optout", "")
    reddit.private_message("eve", "!optout", "")
    bob, tried = hash_person(bot.app.core.people_key, PlatformName.REDDIT, "bob"), []

    async def fail_once(session: Any, *, person: str, **rest: Any) -> OptOut:
        tried.append(person)
        if tried.count(bob) == 1 and person == bob:
            raise ValueError("broken")
        return await opt_out_in(session, person=person, **rest)

    monkeypatch.setattr("bot.reddit.inbox.opt_out_in", fail_once)
    await bot.tick()
    assert await has_opted_out(bot, "eve")
    assert not await has_opted_out(bot, "bob")
    bot.clock.forward(60)
    await bot.tick()
    assert await has_opted_out(bot, "bob")


async def test_the_newest_wish_wins_in_whatever_order_they_are_read(
    bot: Bot, reddit: FakeReddit
) -> None:
    reddit.private_message("bob", "", "!optout")
    old = reddit.messages.pop(0)
    bot.clock.forward(100)
    reddit.private_message("bob", "", "!optin")
    reddit.private_message("eve", "", "!optin")
    bot.clock.forward(100)
    reddit.private_message("eve", "", "stop")
    await bot.tick()
    reddit.messages.insert(0, old)
    bot.clock.forward(100)
    await bot.tick()
    assert not await has_opted_out(bot, "bob")
    assert await has_opted_out(bot, "eve")


async def test_a_person_is_answered_once_about_one_matter(bot: Bot, reddit: FakeReddit) -> None:
    shown = reddit.post("aww", author="eve")
    asked = [reddit.comment(shown["name"], "!optout") for _ in range(30)]
    again = [reddit.comment(shown["name"], "!predict", "eve") for _ in range(3)]
    for each in (*asked, *again):
        reddit.message(each)
    await bot.tick()
    bot.clock.forward(600)
    await bot.tick()
    assert sum(len(reddit.comments_on(each["name"])) for each in asked) == 1
    assert sum(len(reddit.comments_on(each["name"])) for each in again) == 1
    # Answers used up no room for predictions: there are ten within an hour.
    posts = [reddit.post("aww", author=f"a{n}") for n in range(9)]
    bot.clock.forward(60)
    await bot.tick()
    assert all(len(reddit.comments_on(post["name"])) == 1 for post in posts)


async def test_an_account_that_answers_at_once_is_answered_once(
    bot: Bot, reddit: FakeReddit
) -> None:
    answers = 0
    for n in range(12):
        shown = reddit.post("aww", author=f"author{n}")
        asked = reddit.comment(shown["name"], f"u/{ME} what is this?", "echo")
        reddit.message(asked, "username_mention")
        await bot.tick()
        for answer in reddit.comments_on(asked["name"]):
            answers += 1
            bot.clock.forward(3)
            reddit.message(reddit.comment(answer["name"], f"!predict {answer['body']}", "echo"))
            plain = answer["body"].replace("`", "")
            reddit.message(reddit.comment(answer["name"], plain, "parrot"))
        bot.clock.forward(600)
    assert answers <= 2
    assert not await has_opted_out(bot, "parrot")


async def test_a_profile_page_is_no_private_message(bot: Bot, reddit: FakeReddit) -> None:
    place = "u_some-name-of-20-letters"[:22]
    shown = reddit.post(place)
    asked = reddit.comment(shown["name"], f"u/{ME}")
    reddit.message(asked, "username_mention")
    await bot.tick()
    (answer,) = reddit.comments_on(asked["name"])
    assert f"u/{place[2:]}" in answer["body"]


async def test_what_a_listing_shows_of_another_subreddit_is_not_answered(
    start: OpenBot, reddit: FakeReddit
) -> None:
    stray = reddit.post("pics")
    reddit.subreddit("aww").posts.insert(0, stray)
    async with start(reddit_deny="pics") as bot:
        await bot.tick()
        assert await bot.all(Post) == []
    assert reddit.own == []
