"""Moderators who never saw a command line: page, messages, notices, a leaderboard."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bot.notices import NoticeKind, note
from bot.people.identity import hash_person
from bot.reddit.moderators.wiki import PAGE
from storage.tables import AuditEntry, Digest, HistoryImport, InboxItem
from storage.types import PlatformName, ReplyMode, ReplyState
from tests.bot.reddit.conftest import Bot, OpenBot
from tests.fakes.reddit import FakeReddit
from tests.fakes.reddit.world import ME

MINUTE, DAY = 60, 86_400


async def later(bot: Bot, clock: Any, seconds: float) -> None:
    clock.forward(seconds)
    await bot.tick()
    await bot.app.jobs.deliver_notices()


async def test_the_wiki_page_is_taken_up_when_it_changes(
    bot: Bot, reddit: FakeReddit, clock: Any
) -> None:
    reddit.make_moderator("aww", "mod")
    reddit.make_moderator("aww", ME)
    reddit.write_wiki("aww", "replies: off\nguesses: on\nleaderboard: wiki\n")
    await bot.tick()
    await later(bot, clock, 6 * MINUTE)
    community = await bot.community()
    assert community.reply_mode is ReplyMode.SILENT
    assert community.options["guesses"] is True
    (digest,) = await bot.all(Digest)
    assert (digest.server, digest.channel, digest.weekday) == ("aww", "wiki", 0)
    # A mistake: told once, with its line, and nothing is changed.
    reddit.write_wiki("aww", "replies: on\nguesess: off\n")
    for _ in range(3):
        await later(bot, clock, 6 * MINUTE)
    community = await bot.community()
    assert community.reply_mode is ReplyMode.SILENT
    (told,) = reddit.modmail_of()
    assert "Line 2" in told
    assert "Is guesses meant?" in told
    # Mended; what is not on the page any more is as it was before.
    reddit.write_wiki("aww", "notices: on\n")
    await later(bot, clock, 6 * MINUTE)
    community = await bot.community()
    assert community.reply_mode is ReplyMode.REPLY
    assert "guesses" not in community.options
    assert await bot.all(Digest) == []
    # Who changed what is noted; a page that was refused changed nothing.
    noted = [each.details for each in await bot.all(AuditEntry)]
    assert noted == [
        {"replies": "off", "guesses": "on", "leaderboard": "wiki"},
        {"notices": "on", "replies": "default", "guesses": "default", "leaderboard": "default"},
    ]
    assert {each.person for each in await bot.all(AuditEntry)} == {
        hash_person(bot.app.core.people_key, PlatformName.REDDIT, "mod")
    }
    # And moderators are answered in the language of the subreddit.
    reddit.write_wiki("aww", "language: de\n")
    reddit.modmail("aww", "mod", "status")
    await later(bot, clock, 11 * MINUTE)
    await later(bot, clock, 2 * MINUTE)
    assert "Neue Beiträge in r/aww werden beobachtet." in reddit.modmail_of()[-1]


async def test_a_page_that_somebody_else_wrote_changes_nothing(
    bot: Bot, reddit: FakeReddit, clock: Any
) -> None:
    reddit.make_moderator("aww", ME)
    await bot.tick()
    for _ in range(2):
        reddit.write_wiki("aww", "replies: off", author="stranger")
        await later(bot, clock, 6 * MINUTE)
    assert (await bot.community()).reply_mode is ReplyMode.REPLY
    (told,) = reddit.modmail_of()
    assert "does not moderate" in told
    reddit.make_moderator("aww", "stranger")
    reddit.write_wiki("aww", "replies: off", author="stranger")
    await later(bot, clock, 6 * MINUTE)
    assert (await bot.community()).reply_mode is ReplyMode.SILENT


async def test_moderators_are_obeyed_and_answered_once_and_others_are_not(
    start: OpenBot, reddit: FakeReddit, clock: Any
) -> None:
    reddit.make_moderator("aww", "mod")
    reddit.make_moderator("aww", ME)
    asked = reddit.modmail("aww", "stranger", "!pause")
    async with start() as bot:
        await bot.tick()
        assert reddit.modmail_of() == []
        clock.forward(MINUTE)
        reddit.modmail("aww", "mod", "pause", to=asked)
        # It is sent, and the answer to that is lost.
        reddit.fail("/api/mod/conversations/", done=True, cut=True, after=1)
        await later(bot, clock, 11 * MINUTE)
        assert (await bot.community()).paused_at is not None
        (item,) = await bot.all(InboxItem)
        assert item.state is ReplyState.PENDING
    async with start() as bot:
        for _ in range(3):
            await later(bot, clock, 5 * MINUTE)
        (item,) = await bot.all(InboxItem)
        assert item.state is ReplyState.SENT
        (answer,) = reddit.modmail_of()
        assert answer.startswith("Done: I write nothing")
        # Whoever else takes part in the conversation does not see it.
        messages = reddit.conversations[asked]["messages"].values()
        assert {each["author"]["name"]: each["isInternal"] for each in messages} == {
            "stranger": False, "mod": False, ME: True,
        }  # fmt: skip
        reddit.modmail("aww", "mod", "resume\n\nimport 10\n\n", to=asked)
        reddit.modmail("aww", "mod", "status", to=asked)
        await later(bot, clock, 11 * MINUTE)
        await later(bot, clock, 2 * MINUTE)
        assert (await bot.community()).paused_at is None
        assert "Predictions are written as comments." in reddit.modmail_of()[-1]
        noted = [(each.action, each.details) for each in await bot.all(AuditEntry)]
        assert noted == [("settings", {"paused": "on"}), ("settings", {"paused": "off"})]


async def test_wishes_are_done_in_their_order_and_one_conversation_stops_no_other(
    bot: Bot, reddit: FakeReddit, clock: Any
) -> None:
    reddit.make_moderator("aww", "mod")
    reddit.make_moderator("aww", ME)
    broken = reddit.modmail("aww", "mod", "!status")
    reddit.fail(f"/api/mod/conversations/{broken}", times=1, status=403)
    clock.forward(1)
    first = reddit.modmail("aww", "mod", "!pause")
    clock.forward(1)
    second = reddit.modmail("aww", "mod", "!resume")
    clock.forward(1)
    reddit.modmail("aww", "mod", "Thanks!", to=first)
    assert second != first
    await bot.tick()
    assert (await bot.community()).paused_at is None, "it was asked for last"
    assert len(await bot.all(InboxItem)) == 2


async def test_a_new_subreddit_is_watched_and_imported_by_its_moderators(
    start: OpenBot, reddit: FakeReddit, clock: Any
) -> None:
    reddit.subreddit("cats")
    reddit.make_moderator("cats", "mod")
    reddit.make_moderator("cats", ME)
    reddit.modmail("cats", "mod", "!watch", subject="hello")
    reddit.modmail("cats", "mod", "!import 7", subject="hello")
    async with start() as bot:
        await bot.tick()
        clock.forward(MINUTE)
        shown = reddit.post("cats")
        await later(bot, clock, MINUTE)
        assert len(reddit.comments_on(shown["name"])) == 1
        (begun,) = await bot.all(HistoryImport)
        assert begun.since == begun.asked_at - timedelta(days=7)
        assert len(reddit.modmail_of()) == 2


async def test_notices_reach_moderators_once(bot: Bot, reddit: FakeReddit, clock: Any) -> None:
    await bot.tick()
    community = await bot.community()
    database = bot.app.core.database
    await note(database, NoticeKind.PAUSED, "It is paused.", now=clock(), community_id=community.id)
    await later(bot, clock, MINUTE)
    assert reddit.sent == [], "nobody asked for it, and we moderate nothing"
    reddit.make_moderator("aww", "mod")
    reddit.write_wiki("aww", "notices: on")
    await later(bot, clock, 11 * MINUTE)
    await note(database, NoticeKind.PAUSED, "Again.", now=clock(), community_id=community.id)
    reddit.fail("/api/compose", done=True, cut=True)
    await later(bot, clock, MINUTE)
    await later(bot, clock, 20 * MINUTE)
    await later(bot, clock, 20 * MINUTE)
    (told,) = reddit.sent
    assert (told["dest"], told["body"]) == ("/r/aww", "Again.")


async def test_from_nothing_to_a_weekly_leaderboard(
    start: OpenBot, reddit: FakeReddit, clock: Any
) -> None:
    """The way of docs/reddit.md: page, posts, guesses, votes, a post at the top, flair."""
    reddit.make_moderator("aww", "mod")
    reddit.make_moderator("aww", ME)
    reddit.write_wiki(
        "aww",
        "guesses: on\nleaderboard: sticky\nforecaster_flair: on\npost_flair: on\n",
    )
    async with start(scores_to_compare=6) as bot:
        await bot.tick()
        await later(bot, clock, 6 * MINUTE)
        posts = [reddit.post("aww", f"Cat *{n}* u/all") for n in range(6)]
        await later(bot, clock, MINUTE)
        for n, post in enumerate(posts):
            comment = reddit.comment(post["name"], f"!guess {'high' if n > 2 else 'low'}", "bob")
            assert comment["name"]
        await later(bot, clock, 2 * MINUTE)
        for n, post in enumerate(posts):
            post["score"] = 10**n
        await later(bot, clock, DAY + 3600)
        await later(bot, clock, 3600)
        await later(bot, clock, 3600)
        async with bot.app.core.database.read() as session:
            query = select(Digest).filter_by(platform=PlatformName.REDDIT)
            due_at = (await session.scalars(query)).one().due_at
        flairs = [post.get("link_flair_text") for post in posts]
        assert flairs[0] == "Played low"
        assert flairs[-1] == "Played high"
        # It is posted, and the answer is lost: the next process finds it.
        reddit.fail("/api/submit", done=True, cut=True)
        await later(bot, clock, (due_at - clock()).total_seconds() + MINUTE)
    async with start(scores_to_compare=6) as bot:
        for _ in range(3):
            await later(bot, clock, 5 * MINUTE)
        boards = [post for post in reddit.subreddit("aww").posts if post["author"] == ME]
        (board,) = boards
        assert board["title"].startswith("Leaderboard of r/aww, ")
        assert "[bob](https://www.reddit.com/user/bob)" in board["selftext"]
        assert "u/all" not in board["selftext"]
        assert reddit.stickies == [board["name"]]
        assert reddit.user_flairs["aww", "bob"].startswith("Forecaster no. 1 (+")
        (digest,) = await bot.all(Digest)
        assert digest.source_id == board["name"]
        assert digest.due_at > due_at
    assert (("aww", f"{PAGE}/leaderboard")) not in reddit.wiki
