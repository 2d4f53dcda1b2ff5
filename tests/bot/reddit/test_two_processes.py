"""Two Peorias on one database, as in every rolling deploy: people hear everything once."""

import pytest

from bot.leases import LeaseLost
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
