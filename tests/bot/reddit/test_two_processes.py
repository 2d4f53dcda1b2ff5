"""Two Peorias on one database, as in every rolling deploy: people hear everything once."""

from typing import Any

import pytest

from bot.leases import LeaseLost
from bot.platform import PlatformUnavailable
from bot.reddit.platform import RedditPlatform
from storage.tables import InboxItem
from storage.types import ReplyState
from tests.bot.reddit.conftest import OpenBot
from tests.fakes.clock import FakeClock
from tests.fakes.reddit import FakeReddit
from tests.fakes.reddit.world import ME


async def test_two_processes_answer_once_and_the_second_takes_over(
    start: OpenBot, reddit: FakeReddit, clock: FakeClock
) -> None:
    asked = []
    async with start() as first, start() as second:
        for n in range(4):
            shown = reddit.post("aww", author=f"author{n}")
            mention = reddit.comment(shown["name"], f"u/{ME}", f"fan{n}")
            reddit.message(mention, "username_mention")
            asked += [shown, mention]
            await first.reddit.tick()
            await second.reddit.tick()
            await second.work()
            await first.work()
            clock.forward(60)
        assert first.reddit.on_duty
        assert not second.reddit.on_duty
        await first.reddit.stop()
        shown = reddit.post("aww", author="late")
        asked.append(shown)
        await second.tick()
        assert second.reddit.on_duty
    assert [len(reddit.comments_on(each["name"])) for each in asked] == [1] * 9


async def test_an_answer_that_another_process_claimed_is_not_sent(
    start: OpenBot, reddit: FakeReddit
) -> None:
    asked = reddit.comment(reddit.post("aww")["name"], f"u/{ME}")
    reddit.message(asked, "username_mention")
    async with start() as first, start() as second:
        await first.reddit._inbox.read()
        answers = second.reddit._inbox_answers
        (item,) = await second.all(InboxItem)
        assert await first.reddit._inbox_answers.queue.claim(item)
        assert not await answers.queue.claim(item)
        await answers.answer_due()
        assert reddit.comments_on(asked["name"]) == []
        (item,) = await second.all(InboxItem)
        assert item.state is ReplyState.PENDING
        first.clock.forward(61)
        await answers.answer_due()
    assert len(reddit.comments_on(asked["name"])) == 1
    assert isinstance(first.reddit, RedditPlatform)


async def test_work_whose_right_is_lost_is_left_to_the_other_process_without_a_fault(
    start: OpenBot, reddit: FakeReddit, caplog: pytest.LogCaptureFixture
) -> None:
    async def lose() -> None:
        raise LeaseLost("another process does the work of reddit now")

    async with start() as bot:
        bot.reddit._read_inbox = lose  # type: ignore[method-assign]
        await bot.reddit.tick()
    assert "is left to another process" in caplog.text
    assert [each for each in caplog.records if each.exc_info] == []


async def test_processes_share_the_subreddits_and_each_post_is_answered_once(
    start: OpenBot, reddit: FakeReddit, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow the machine is, no lease ends in the middle.
    monkeypatch.setattr("bot.leases.steady", lambda: 1000.0)
    names = ("aww", "cats", "memes", "pics")
    for name in names[1:]:
        reddit.subreddit(name)
    asked: list[dict[str, Any]] = []

    def post_everywhere(n: int) -> None:
        asked.extend(reddit.post(name, author=f"author{n}") for name in names)

    changes = {"reddit_subreddits": ",".join(names)}
    async with start(**changes) as first, start(**changes) as second:
        both = (first, second)
        for n in range(3):
            post_everywhere(n)
            for bot in both:
                await bot.reddit.tick()
            # Whoever has time looks at everything that is due, and takes its own only.
            for bot in (second, first):
                await bot.work()
            clock.forward(60)
        mine, theirs = (bot.reddit._service._shared.held for bot in both)
        assert (len(mine), len(theirs)) == (2, 2)
        assert mine | theirs == {*names}
        asked_for = [bot.reddit.watcher._listed.keys() for bot in both]
        assert {*asked_for[1]} == theirs
        # A mention in the other's subreddit: who has the account hears of it, its owner answers.
        (other,) = sorted(theirs)[:1]
        mention = reddit.comment(reddit.post(other, author="z")["name"], f"u/{ME}", "fan")
        reddit.message(mention, "username_mention")
        for _ in range(2):
            for bot in both:
                await bot.tick()
            clock.forward(60)
        assert len(reddit.comments_on(mention["name"])) == 1
        # The other one ends, with posts that it has seen and not answered.
        post_everywhere(4)
        for bot in both:
            await bot.reddit.tick()
        await first.reddit.stop()
        for _ in range(4):
            await second.tick()
            clock.forward(60)
        assert second.reddit._service._shared.held == {*names}
        assert second.reddit.on_duty
    assert {len(reddit.comments_on(each["name"])) for each in asked} == {1}


async def test_a_comment_is_not_sent_once_its_subreddit_is_another_process_s(
    start: OpenBot, reddit: FakeReddit
) -> None:
    shown = reddit.post("aww")
    async with start() as bot:
        await bot.reddit.tick()
        with bot.reddit.guarding_in(["AWW"]):
            lease = bot.reddit._service._shared.lease("aww")
            assert lease
            lease.taken_away()
            with pytest.raises(PlatformUnavailable, match="another process"):
                await bot.reddit.client.comment(shown["name"], "late")
        assert reddit.comments_on(shown["name"]) == []
        # What is due there is left to the other one.
        await bot.app.jobs.run_due()
        assert reddit.comments_on(shown["name"]) == []
