"""One post all the way: seen, predicted, replied to, scored, labelled, told."""

from bot.settings import Settings
from storage.tables import Label, Prediction, Snapshot
from storage.types import PostState, ReplyState
from tests.bot.reddit.conftest import Bot, OpenBot
from tests.fakes.reddit import FakeReddit

HOUR = 3600


async def test_a_post_goes_all_the_way_round(bot: Bot, reddit: FakeReddit) -> None:
    shown = reddit.post("aww", "A cat", num_comments=3)
    await bot.tick()
    post = await bot.post(shown["name"])
    assert post is not None
    assert (post.title, post.state) == ("A cat", PostState.AWAITING_SCORE)
    assert post.link == f"https://www.reddit.com/comments/{shown['id']}/"
    (comment,) = reddit.comments_on(shown["name"])
    assert "ikely" in comment["body"].partition("Chances: low ")[0]
    assert "r/aww" in comment["body"]
    assert "!optout" in comment["body"]

    shown.update(score=417, num_comments=12, upvote_ratio=0.93)
    bot.clock.forward(24 * HOUR)
    await bot.tick()
    (label,) = await bot.all(Label)
    assert label.score == 417
    last = (await bot.all(Snapshot))[-1]
    assert (last.score, last.comments, last.upvote_ratio) == (417, 12, 0.93)
    (prediction,) = await bot.all(Prediction)
    assert prediction.scored_at is not None
    assert comment["body"].startswith("**The votes are in.** Predicted ")
    assert comment["edited"]
    reply = await bot.reply(shown["name"])
    assert reply is not None
    assert reply.state is ReplyState.SETTLED


async def test_off_everything_works_without_a_word(start: OpenBot, reddit: FakeReddit) -> None:
    shown = reddit.post("aww")
    async with start(reddit_reply="off") as bot:
        await bot.tick()
        shown["score"] = 5
        bot.clock.forward(24 * HOUR)
        await bot.tick()
        assert [label.score for label in await bot.all(Label)] == [5]
        reply = await bot.reply(shown["name"])
        assert reply is not None
        assert reply.state is ReplyState.SKIPPED
        assert reply.reason == "Replies on Reddit are switched off (PEORIA_REDDIT_REPLY)."
    assert not [path for method, path in reddit.requests if "/api/comment" in path]
    posts = [path for method, path in reddit.requests if method == "POST"]
    assert posts == ["/api/v1/access_token"]


def test_replies_are_off_unless_somebody_wants_them() -> None:
    assert Settings().reddit_reply == "off"
