"""Comments: once, where they are welcome, and not for ever."""

import json
from typing import Any

import pytest

from bot.reddit.reply_rules import IN_CONTEST
from storage.tables import Community, Label, Notice
from storage.types import PostState, ReplyMode, ReplySkip, ReplyState
from tests.bot.reddit.conftest import Bot, OpenBot
from tests.fakes.reddit import FakeReddit
from tests.fakes.reddit.faults import refusal
from tests.fakes.reddit.world import ME

HOUR = 3600


async def skipped(bot: Bot, name: str) -> str | ReplySkip | None:
    """Why there is no reply: the sentence where there is one, the code otherwise."""
    reply = await bot.reply(name)
    assert reply is not None
    assert reply.state is ReplyState.SKIPPED
    return reply.reason or reply.skip_code


@pytest.mark.parametrize(
    "fault",
    [{"cut": True}, {"status": 504}, {"status": 500, "body": "{}"}, {"body": "{}"},
     {"body": "<html>"}],
)  # fmt: skip
async def test_a_comment_that_was_accepted_unanswered_is_found_and_not_repeated(
    bot: Bot, reddit: FakeReddit, fault: dict[str, Any]
) -> None:
    shown = reddit.post("aww")
    reddit.fail("/api/comment", done=True, **fault)
    await bot.tick()
    post = await bot.post(shown["name"])
    assert post is not None
    assert post.state is PostState.PREDICTED
    bot.clock.forward(60)
    await bot.tick()
    (comment,) = reddit.comments_on(shown["name"])
    reply = await bot.reply(shown["name"])
    assert reply is not None
    assert (reply.state, reply.source_id) == (ReplyState.SENT, comment["name"])
    assert reddit.counted()["/api/comment"] == 1


async def test_a_comment_that_was_not_accepted_is_sent_again(bot: Bot, reddit: FakeReddit) -> None:
    shown = reddit.post("aww")
    reddit.fail("/api/comment", times=2, cut=True)
    await bot.tick()
    for _ in range(4):
        bot.clock.forward(60)
        await bot.tick()
    assert len(reddit.comments_on(shown["name"])) == 1
    assert reddit.counted()["/api/comment"] == 3


async def test_after_a_restart_an_own_comment_is_found_again(
    start: OpenBot, reddit: FakeReddit, clock: Any
) -> None:
    shown = reddit.post("aww")
    reddit.fail("/api/comment", done=True, cut=True)
    async with start() as bot:
        await bot.tick()
    # Much else was said meanwhile: it is on the second page of our comments.
    for _ in range(120):
        reddit.comment(shown["name"], "else", ME, parent_id="t3_else")
    clock.forward(60)
    async with start() as bot:
        await bot.tick()
    assert len(reddit.comments_on(shown["name"])) == 1


async def test_after_a_ratelimit_it_waits_as_told(bot: Bot, reddit: FakeReddit) -> None:
    shown = reddit.post("aww")
    body = refusal("RATELIMIT", "Take a break for 9 minutes before trying again.", ratelimit=540)
    reddit.fail("/api/comment", body=json.dumps(body))
    await bot.tick()
    for _ in range(8):
        bot.clock.forward(60)
        await bot.tick()
    assert reddit.counted()["/api/comment"] == 1
    assert reddit.comments_on(shown["name"]) == []
    bot.clock.forward(120)
    await bot.tick()
    assert len(reddit.comments_on(shown["name"])) == 1


async def test_so_many_comments_an_hour_and_subreddit(start: OpenBot, reddit: FakeReddit) -> None:
    posts = [reddit.post("aww") for _ in range(4)]
    elsewhere = reddit.post("pics")
    changes = {"reddit_subreddits": "aww,pics", "reddit_replies_per_hour": 2}
    async with start(**changes, reddit_reply_minutes=90) as bot:
        await bot.tick()
        assert len(reddit.comments_on(elsewhere["name"])) == 1
        assert sum(len(reddit.comments_on(post["name"])) for post in posts) == 2
        bot.clock.forward(1800)
        await bot.tick()
        assert sum(len(reddit.comments_on(post["name"])) for post in posts) == 2
        # Only what was never sent is not looked for: no request was spent on waiting.
        assert reddit.counted()[f"/user/{ME}/comments"] == 0
        bot.clock.forward(1801)
        await bot.tick()
        assert [len(reddit.comments_on(post["name"])) for post in posts] == [1, 1, 1, 1]


async def test_a_reply_that_would_come_too_late_is_not_made(
    start: OpenBot, reddit: FakeReddit
) -> None:
    posts = [reddit.post("aww") for _ in range(3)]
    async with start(reddit_replies_per_hour=1, reddit_reply_minutes=30) as bot:
        await bot.tick()
        reasons = [await bot.reply(post["name"]) for post in posts]
        assert [reply.reason if reply else None for reply in reasons] == [
            None,
            "There was no room for it in time: PEORIA_REDDIT_REPLIES_PER_HOUR is 1.",
            "There was no room for it in time: PEORIA_REDDIT_REPLIES_PER_HOUR is 1.",
        ]
        bot.clock.forward(HOUR)
        old = reddit.post("aww", created_utc=bot.clock().timestamp() - 1801)
        await bot.tick()
        assert "too old" in str(await skipped(bot, old["name"]))


@pytest.mark.parametrize("closed", ["locked", "archived"])
async def test_a_closed_thread_is_left_alone(bot: Bot, reddit: FakeReddit, closed: str) -> None:
    shown = reddit.post("aww")
    await bot.reddit.tick()
    shown[closed] = True
    await bot.work()
    assert await skipped(bot, shown["name"]) == "The thread is locked or archived."
    shown["score"] = 7
    bot.clock.forward(24 * HOUR)
    await bot.tick()
    assert [label.score for label in await bot.all(Label)] == [7]


async def test_a_post_that_was_deleted_before_the_reply_is_withdrawn(
    bot: Bot, reddit: FakeReddit
) -> None:
    shown = reddit.post("aww")
    await bot.reddit.tick()
    reddit.delete(shown["name"])
    await bot.work()
    post = await bot.post(shown["name"])
    assert post is not None
    assert post.state is PostState.WITHDRAWN


async def test_an_account_that_is_banned_from_one_subreddit(
    start: OpenBot, reddit: FakeReddit
) -> None:
    reddit.subreddit("pics")
    banned, fine = reddit.post("aww"), reddit.post("pics")
    async with start(reddit_subreddits="aww,pics") as bot:
        await bot.reddit.tick()
        reddit.subreddit("aww").banned = True
        await bot.work()
        assert await skipped(bot, banned["name"]) == "The account is banned from this subreddit."
        assert len(reddit.comments_on(fine["name"])) == 1
        (notice,) = await bot.all(Notice)
        assert "banned from r/aww" in notice.text
        assert notice.community_id == (await bot.community()).id
        # It is not tried again, and the subreddit is watched all the same.
        tried = reddit.counted()["/api/comment"]
        bot.clock.forward(60)
        second = reddit.post("aww")
        await bot.tick()
        assert await skipped(bot, second["name"])
        assert reddit.counted()["/api/comment"] == tried
        second["score"] = 5
        bot.clock.forward(25 * HOUR)
        await bot.tick()
        assert {label.score for label in await bot.all(Label)} == {1, 5}
    reddit.subreddit("aww").banned = False
    async with start() as bot:
        third = reddit.post("aww")
        await bot.tick()
        assert len(reddit.comments_on(third["name"])) == 1, "bans end"
        assert len(await bot.all(Notice)) == 1


async def test_a_comment_that_a_moderator_removed_is_noted_and_not_sent_again(
    bot: Bot, reddit: FakeReddit
) -> None:
    shown = reddit.post("aww")
    await bot.tick()
    (comment,) = reddit.comments_on(shown["name"])
    reddit.remove(comment["name"])
    bot.clock.forward(HOUR)
    await bot.tick()
    assert await skipped(bot, shown["name"]) == "A moderator removed it."
    shown["score"] = 7
    bot.clock.forward(23 * HOUR)
    await bot.tick()
    assert len(reddit.comments_on(shown["name"])) == 1
    assert "edited" not in comment or not comment["edited"]
    assert len(await bot.all(Label)) == 1


async def test_a_comment_that_is_voted_down_is_deleted(bot: Bot, reddit: FakeReddit) -> None:
    good, bad = reddit.post("aww"), reddit.post("aww")
    await bot.tick()
    (liked,), (disliked,) = reddit.comments_on(good["name"]), reddit.comments_on(bad["name"])
    liked["score"], disliked["score"] = -3, -4
    bot.clock.forward(HOUR)
    await bot.tick()
    assert len(reddit.comments_on(good["name"])) == 1
    assert reddit.comments_on(bad["name"]) == []
    assert disliked["body"] == "[deleted]"
    assert await skipped(bot, bad["name"]) == "It was voted down, so it was deleted."
    asked = [names for names in reddit.informed if names[0].startswith("t1_")]
    assert sorted(asked[-1]) == sorted([liked["name"], disliked["name"]]), "one request for all"


async def test_the_reply_goes_with_the_post(bot: Bot, reddit: FakeReddit) -> None:
    shown = reddit.post("aww")
    await bot.tick()
    post = await bot.post(shown["name"])
    assert post is not None
    await bot.app.pipeline.withdraw(post.id)
    assert reddit.comments_on(shown["name"]) == []


async def test_a_reply_is_found_before_it_is_taken_away(bot: Bot, reddit: FakeReddit) -> None:
    shown = reddit.post("aww")
    reddit.fail("/api/comment", done=True, cut=True)
    await bot.tick()
    post = await bot.post(shown["name"])
    assert post is not None
    bot.clock.forward(20)
    await bot.app.pipeline.withdraw(post.id)
    assert reddit.comments_on(shown["name"]) == []
    assert await skipped(bot, shown["name"]) is ReplySkip.WITHDRAWN


@pytest.mark.parametrize(
    "fault", [{"status": 403}, {"status": 404}, {"body": json.dumps(refusal("DELETED_COMMENT"))}]
)
async def test_an_outcome_that_cannot_be_shown_is_let_go(
    bot: Bot, reddit: FakeReddit, fault: dict[str, Any]
) -> None:
    shown = reddit.post("aww")
    await bot.tick()
    reddit.fail("/api/editusertext", times=9, **fault)
    bot.clock.forward(24 * HOUR)
    await bot.tick()
    assert len(await bot.all(Label)) == 1
    bot.clock.forward(24 * HOUR)
    await bot.tick()
    assert reddit.counted()["/api/editusertext"] == 1
    assert shown["name"]


async def test_a_comment_says_when_the_outcome_came_too_late(bot: Bot, reddit: FakeReddit) -> None:
    shown = reddit.post("aww")
    await bot.tick()
    bot.clock.forward(72 * HOUR)
    await bot.tick()
    assert await bot.all(Label) == []
    (comment,) = reddit.comments_on(shown["name"])
    assert comment["body"].startswith("**The votes are in.** The final score could not be read")
    assert "Chances: low " in comment["body"]


async def test_an_outcome_waits_for_reddit(bot: Bot, reddit: FakeReddit) -> None:
    shown = reddit.post("aww")
    await bot.tick()
    reddit.fail("/api/editusertext", status=503)
    bot.clock.forward(24 * HOUR)
    await bot.tick()
    bot.clock.forward(90)
    await bot.tick()
    (comment,) = reddit.comments_on(shown["name"])
    assert comment["body"].startswith("**The votes are in.**")


async def test_a_silent_post_is_not_answered(start: OpenBot, reddit: FakeReddit) -> None:
    shown = reddit.post("aww")
    async with start(silent_share=1) as bot:
        await bot.tick()
        assert reddit.comments_on(shown["name"]) == []
        assert await skipped(bot, shown["name"]) is ReplySkip.SILENT_SHARE


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"reply_mode": ReplyMode.REACT}, "Reactions were asked for, and Reddit has none."),
        ({"blind": True}, "It is for guessers first, and nobody can guess in this subreddit."),
    ],
)
async def test_what_reddit_has_no_way_for_is_left(
    bot: Bot, reddit: FakeReddit, changes: dict[str, Any], reason: str
) -> None:
    await bot.tick()
    async with bot.app.core.database.write() as session:
        community = await session.get_one(Community, (await bot.community()).id)
        for name, value in changes.items():
            setattr(community, name, value)
    bot.clock.forward(60)
    shown = reddit.post("aww")
    await bot.tick()
    assert await skipped(bot, shown["name"]) == reason


async def test_nothing_is_written_under_a_contest(bot: Bot, reddit: FakeReddit) -> None:
    shown = reddit.post("aww", contest_mode=True)
    await bot.tick()
    assert reddit.comments_on(shown["name"]) == []
    assert await skipped(bot, shown["name"]) == IN_CONTEST


async def test_whoever_must_wait_with_a_comment_goes_on_reading(
    bot: Bot, reddit: FakeReddit
) -> None:
    reddit.post("aww")
    body = refusal("RATELIMIT", "Take a break for 9 minutes before trying again.")
    reddit.fail("/api/comment", body=json.dumps(body))
    await bot.tick()
    bot.clock.forward(60)
    second = reddit.post("aww")
    await bot.tick()
    post = await bot.post(second["name"])
    assert post is not None
    assert post.state is PostState.PREDICTED
    assert reddit.counted()["/api/comment"] == 1


async def test_a_ban_that_ended_is_found_out_without_a_restart(
    bot: Bot, reddit: FakeReddit
) -> None:
    place = reddit.subreddit("aww")
    place.banned = True
    silent = reddit.post("aww", author="a")
    await bot.tick()
    assert reddit.comments_on(silent["name"]) == []
    place.banned = False
    bot.clock.forward(2 * HOUR)
    await bot.tick()
    shown = reddit.post("aww", author="b")
    bot.clock.forward(60)
    await bot.tick()
    assert len(reddit.comments_on(shown["name"])) == 1
