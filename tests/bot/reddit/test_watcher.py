"""Looking at what is new, whatever order Reddit shows it in."""

from datetime import timedelta
from typing import Any

import pytest

from bot.platform import PlatformUnavailable
from bot.reddit.items import Skip
from storage.tables import Author, Community, ImagelessPost, Label, Notice, Post
from tests.bot.reddit.conftest import Bot, OpenBot
from tests.fakes.reddit import FakeReddit
from tests.fakes.reddit.world import gallery

HOUR = 3600


async def names(bot: Bot) -> set[str]:
    return {post.source_id for post in await bot.all(Post)}


async def test_every_kind_is_taken_or_counted(bot: Bot, reddit: FakeReddit) -> None:
    kept = {
        reddit.post("aww")["name"],
        reddit.post("aww", **gallery(reddit.origin, "one", "two"))["name"],
    }
    reddit.post("aww", is_video=True)
    reddit.post("aww", is_self=True)
    reddit.post("aww", over_18=True)
    reddit.post("aww", locked=True)
    polled = await bot.reddit.watcher.poll("aww")
    assert polled.accepted == 2
    assert polled.skipped == {Skip.VIDEO: 1, Skip.TEXT: 1, Skip.NSFW: 1, Skip.LOCKED: 1}
    assert await names(bot) == kept
    # Once each, however often they are listed.
    again = await bot.reddit.watcher.poll("aww")
    assert (again.accepted, again.skipped) == (0, {})
    assert bot.reddit.watcher.skipped.total() == 4


async def test_what_has_no_image_is_followed_to_its_final_score(
    start: OpenBot, reddit: FakeReddit
) -> None:
    pictures = [reddit.post("aww", score=score) for score in (10, 20, 30)]
    texts = [reddit.post("aww", is_self=True, score=score) for score in (15, 99)]
    gone = reddit.post("aww", is_self=True)
    reddit.post("aww", stickied=True, is_self=True)
    async with start() as bot:
        await bot.tick()
    gone["removed_by_category"] = "moderator"
    # A restart forgets what was settled.
    async with start() as bot:
        await bot.tick()
        assert len(await bot.all(ImagelessPost)) == 3
        assert [each.due_at is None for each in await bot.all(ImagelessPost)] == [False] * 3
        bot.clock.forward(25 * HOUR)
        await bot.tick()
        assert len(await bot.all(Label)) == len(pictures)
        found = {each.source_id: each for each in await bot.all(ImagelessPost)}
        scores = {name: (each.score, each.percentile_low) for name, each in found.items()}
        assert scores == {
            texts[0]["name"]: (15, 0.25), texts[1]["name"]: (99, 0.75), gone["name"]: (None, None),
        }  # fmt: skip
        assert {each.due_at for each in found.values()} == {None}
        assert {each.author_id for each in found.values()} == {
            author.id for author in await bot.all(Author)
        }


async def test_a_gallery_is_predicted_by_its_best_image(bot: Bot, reddit: FakeReddit) -> None:
    shown = reddit.post("aww", **gallery(reddit.origin, "one", "two", "three"))
    await bot.tick()
    post = await bot.post(shown["name"])
    assert post is not None
    assert post.predicted_at is not None
    assert len(reddit.comments_on(shown["name"])) == 1


async def test_after_a_while_away_it_catches_up_page_by_page(
    start: OpenBot, reddit: FakeReddit, clock: Any
) -> None:
    reddit.post("aww")
    async with start() as bot:
        await bot.reddit.watcher.poll("aww")
    for _ in range(230):
        reddit.post("aww", is_self=True)
        clock.forward(30)
    last = reddit.post("aww")
    async with start() as bot:
        polled = await bot.reddit.watcher.poll("aww")
        assert (polled.accepted, polled.pages) == (1, 3)
        assert polled.skipped[Skip.TEXT] == 230
        assert (await bot.community()).high_water == last["name"]
        # And then one page is enough.
        assert (await bot.reddit.watcher.poll("aww")).pages == 1


async def test_catching_up_ends_at_the_cut_off(bot: Bot, reddit: FakeReddit) -> None:
    for _ in range(150):
        reddit.post("aww")
    bot.clock.forward(7 * HOUR)
    for _ in range(60):
        reddit.post("aww", is_self=True)
    fresh = reddit.post("aww")
    polled = await bot.reddit.watcher.poll("aww")
    # Of the second page the newest is too old already.
    assert polled.pages == 2
    assert await names(bot) == {fresh["name"]}
    assert polled.skipped[Skip.TOO_OLD] == 139


async def test_repeats_disorder_and_late_approvals_do_no_harm(bot: Bot, reddit: FakeReddit) -> None:
    held_back = reddit.post("aww", removed_by_category="automod_filtered")
    shown = [reddit.post("aww") for _ in range(5)]
    reddit.shuffle = lambda posts: [*posts[2:], *posts[:2], *posts]
    await bot.reddit.watcher.poll("aww")
    assert await names(bot) == {post["name"] for post in shown}
    assert (await bot.community()).high_water == shown[-1]["name"]
    held_back["removed_by_category"] = None
    bot.clock.forward(HOUR)
    await bot.reddit.watcher.poll("aww")
    assert held_back["name"] in await names(bot), "older than the mark, and stored all the same"
    assert (await bot.community()).high_water == shown[-1]["name"], "the mark never goes back"
    assert len(await bot.all(Post)) == 6


async def test_images_that_are_not_ready_are_waited_for(bot: Bot, reddit: FakeReddit) -> None:
    shown = reddit.post("aww", **gallery(reddit.origin, "one"))
    never = reddit.post("aww", post_hint="link", url_overridden_by_dest="https://a.example/",
                        preview=None)  # fmt: skip
    shown["media_metadata"]["one"]["status"] = "unprocessed"
    assert not (await bot.reddit.watcher.poll("aww")).skipped
    shown["media_metadata"]["one"]["status"] = "valid"
    bot.clock.forward(60)
    await bot.reddit.watcher.poll("aww")
    assert await names(bot) == {shown["name"]}
    bot.clock.forward(600)
    assert (await bot.reddit.watcher.poll("aww")).skipped == {Skip.NO_IMAGE: 1}
    assert never["name"] not in await names(bot)


async def test_a_look_that_is_cut_short_begins_again(bot: Bot, reddit: FakeReddit) -> None:
    for _ in range(120):
        reddit.post("aww", is_self=True)
    first = reddit.subreddit("aww").posts[-1]
    first["is_self"] = False
    await bot.reddit.client.new("aww")
    reddit.shuffle = lambda posts: reddit.fail("/new", status=503) or posts
    await bot.reddit.tick()
    reddit.shuffle = None
    assert await names(bot) == set()
    assert (await bot.community()).high_water is None
    bot.clock.forward(120)
    await bot.reddit.tick()
    assert await names(bot) == {first["name"]}


async def test_nothing_is_taken_up_where_nobody_watches(bot: Bot, reddit: FakeReddit) -> None:
    await bot.reddit.tick()
    async with bot.app.core.database.write() as session:
        community = await session.get_one(Community, (await bot.community()).id)
        community.watched = False
    reddit.post("aww")
    before = reddit.counted()["/r/aww/new"]
    bot.clock.forward(60)
    await bot.reddit.tick()
    assert reddit.counted()["/r/aww/new"] == before
    assert await names(bot) == set()


async def test_the_spelling_of_a_subreddit_does_not_matter(
    start: OpenBot, reddit: FakeReddit
) -> None:
    reddit.subreddit("EarthPorn")
    reddit.post("EarthPorn")
    async with start(reddit_subreddits="r/earthporn") as bot:
        await bot.tick()
        assert (await bot.community("EarthPorn")).name == "r/EarthPorn"
    async with start(reddit_subreddits="EARTHPORN") as bot:
        await bot.tick()
        assert len(await bot.all(Community)) == 1


async def test_a_denied_subreddit_is_left_alone(start: OpenBot, reddit: FakeReddit) -> None:
    async with start(reddit_subreddits="aww,pics", reddit_deny="AWW") as bot:
        reddit.post("pics")
        await bot.tick()
        assert not [path for _, path in reddit.requests if "/r/aww" in path]
        assert len(await bot.all(Post)) == 1


async def test_a_closed_subreddit_is_told_once_and_tried_every_hour(
    start: OpenBot, reddit: FakeReddit
) -> None:
    reddit.subreddit("secret").private = True
    reddit.post("aww")
    async with start(reddit_subreddits="secret,nowhere,aww") as bot:
        await bot.tick()
        assert len(await bot.all(Post)) == 1, "the others go on"
        texts = sorted(notice.text for notice in await bot.all(Notice))
        assert [text.partition(":")[0] for text in texts] == [
            "r/nowhere cannot be read", "r/secret cannot be read",
        ]  # fmt: skip
        bot.clock.forward(1800)
        before = len(reddit.requests)
        await bot.reddit.tick()
        assert not [path for _, path in reddit.requests[before:] if "secret" in path]
        reddit.subreddit("secret").private = False
        reddit.post("secret")
        bot.clock.forward(1800)
        await bot.tick()
        assert len(await bot.all(Post)) == 2
        assert len(await bot.all(Notice)) == 2


async def test_an_outage_waits_and_then_catches_up(bot: Bot, reddit: FakeReddit) -> None:
    shown = reddit.post("aww")
    reddit.fail("/", times=10**6, status=503)
    for _ in range(30):
        await bot.tick()
        bot.clock.forward(60)
    # Doubling waits: far fewer tries than ticks.
    assert len(reddit.requests) < 12
    reddit.faults.clear()
    bot.clock.forward(timedelta(minutes=11).total_seconds())
    await bot.tick()
    assert await names(bot) == {shown["name"]}


async def test_a_revoked_account_asks_no_more_than_every_hour(
    bot: Bot, reddit: FakeReddit, caplog: pytest.LogCaptureFixture
) -> None:
    await bot.tick()
    reddit.revoked = True
    reddit.tokens.clear()
    for _ in range(30):
        bot.clock.forward(60)
        await bot.tick()
        with pytest.raises(PlatformUnavailable):
            await bot.reddit.client.new("aww")
    assert caplog.text.count("Reddit is stopped: Reddit does not let this account in") == 1
    assert reddit.counted()["/api/v1/access_token"] <= 2
    reddit.revoked = False
    shown = reddit.post("aww")
    bot.clock.forward(3600)
    await bot.tick()
    assert await names(bot) == {shown["name"]}


async def test_what_is_final_already_is_not_taken_up(start: OpenBot, reddit: FakeReddit) -> None:
    async with start(reddit_horizon_hours=1) as bot:
        old = reddit.post("aww", created_utc=bot.clock().timestamp() - 3601)
        fresh = reddit.post("aww", created_utc=bot.clock().timestamp() - 3500)
        await bot.tick()
        assert await names(bot) == {fresh["name"]}
        assert old["name"]


async def test_what_a_filter_held_back_is_taken_when_it_is_approved(
    bot: Bot, reddit: FakeReddit
) -> None:
    held = reddit.post("aww", removed_by_category="automod_filtered", listed_all_the_same=True)
    lost = reddit.post("aww", removed_by_category="moderator", listed_all_the_same=True)
    await bot.tick()
    assert await bot.post(held["name"]) is None
    for _ in range(120):
        reddit.post("aww", is_self=True)
    bot.clock.forward(3600)
    await bot.tick()
    held["removed_by_category"] = None
    bot.clock.forward(3600)
    await bot.tick()
    assert await bot.post(held["name"]) is not None
    assert await bot.post(lost["name"]) is None
    assert bot.reddit.watcher.skipped[Skip.REMOVED] == 2


async def test_an_image_that_came_late_makes_a_post_of_what_had_none(
    start: OpenBot, reddit: FakeReddit
) -> None:
    link = {"post_hint": "link", "url_overridden_by_dest": "https://a.example/", "preview": None}
    late = reddit.post("aww", **link)
    async with start() as bot:
        bot.clock.forward(HOUR)
        await bot.tick()
        assert [each.source_id for each in await bot.all(ImagelessPost)] == [late["name"]]
    late |= gallery(reddit.origin, "one")
    async with start() as bot:
        await bot.tick()
        assert await bot.all(ImagelessPost) == []
        assert await names(bot) == {late["name"]}
