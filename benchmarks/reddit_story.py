"""One full story on the loopback Reddit, told as a transcript.

    python benchmarks/reddit_story.py [--into docs/reddit-story.md]

From nothing to three weekly leaderboards: the whole bot with the real praw, its own database and
jobs, set up on its own site, and from then on by moderators who have no command line. The people,
their posts and votes are made up; the time is moved by hand. Everything quoted was written by the
bot in this run.
"""

import argparse
import asyncio
import html
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from prawcore.sessions import FiniteRetryStrategy
from sqlalchemy import select

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bot.app import App, build  # noqa: E402
from bot.core import open_core  # noqa: E402
from bot.reddit.platform import RedditPlatform  # noqa: E402
from bot.settings import Settings  # noqa: E402
from bot.web.platform import WebPlatform  # noqa: E402
from storage.tables import Guess, Post  # noqa: E402
from storage.types import PlatformName  # noqa: E402
from tests.fakes.clock import FakeClock  # noqa: E402
from tests.fakes.reddit import CLIENT, PASSWORD, FakeReddit, serving  # noqa: E402
from tests.fakes.reddit.world import ME  # noqa: E402
from tests.fakes.visitor import Visitor, visiting  # noqa: E402

#: What follows this line of the page is written by this script.
MARK = "<!-- The story: written by benchmarks/reddit_story.py -->"
START = datetime(2026, 11, 2, 9, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
PEOPLE = ("ann", "bob", "cleo", "dan", "eve")
TITLES = (
    "my cat on monday", "she found the box", "he sits", "first snow", "two of them now",
    "asleep again", "the window", "what is that noise", "before and after", "the old one",
)  # fmt: skip
#: What a link to ourselves looks like in a comment; it only tells our answers apart.
_KNOWN_BY = re.compile(r"\n*\[\]\(#peoria-[^)]*\)")
_TAG = re.compile(r"<[^>]*>")


class Story:
    """The transcript, while it is made, and what the moderators read until now."""

    def __init__(self, reddit: FakeReddit) -> None:
        self.reddit = reddit
        self.lines: list[str] = []
        self._read: set[str] = set()

    def tell(self, text: str) -> None:
        self.lines += [text, ""]

    def chapter(self, title: str) -> None:
        self.lines += [f"## {title}", ""]

    def quote(self, text: str) -> None:
        """What the bot wrote, as Reddit is given it."""
        said = _KNOWN_BY.sub("", text).strip().split("\n")
        self.lines += ["```", *said, "```", ""]

    def modmail(self) -> list[str]:
        """What moderators have got since they looked last, in any conversation."""
        new = [
            (name, message["bodyMarkdown"])
            for conversation in self.reddit.conversations.values()
            for name, message in conversation["messages"].items()
            if message["author"]["name"] == ME and name not in self._read
        ]
        self._read.update(name for name, _ in new)
        return [text for _, text in new]


class Subreddit:
    """r/aww: its people, its moderator, and the time."""

    def __init__(self, app: App, story: Story, clock: FakeClock) -> None:
        self.app, self.story, self.clock = app, story, clock
        self.reddit = story.reddit
        self.rng = np.random.default_rng(20)
        self.fame: dict[str, float] = {}

    async def pass_time(self, seconds: float, step: float = 3 * HOUR) -> None:
        """The time moves on, people vote, and what is due is done."""
        end = self.clock() + timedelta(seconds=seconds)
        while self.clock() < end:
            self.clock.forward(min(step, (end - self.clock()).total_seconds()))
            self._vote()
            await self.reddit_platform.tick()
            while await self.app.jobs.run_due() + await self.app.jobs.remove_replies():
                pass
            await self.app.jobs.deliver_notices()

    @property
    def reddit_platform(self) -> RedditPlatform:
        platform = self.app.platforms[PlatformName.REDDIT]
        assert isinstance(platform, RedditPlatform)
        return platform

    def _vote(self) -> None:
        """Scores grow for a day, as far as a post's fame goes."""
        for post in self.reddit.subreddit("aww").posts:
            if post["name"] in self.fame:
                age = self.clock().timestamp() - post["created_utc"]
                grown = 1 - np.exp(-age / (6 * HOUR))
                post["score"] = 1 + round(self.fame[post["name"]] * float(grown))

    def post(self, author: str, title: str) -> dict[str, Any]:
        made = self.reddit.post("aww", title, author=author, author_fullname=f"t2_{author}")
        self.fame[made["name"]] = float(self.rng.lognormal(3, 1.3))
        return made

    async def ask(self, text: str, *, conversation: str | None = None) -> str:
        """The moderator writes, and reads what is answered; the conversation."""
        found = self.reddit.modmail("aww", "mod", text, to=conversation, subject="peoria")
        # Where nobody wrote to us before, messages are looked for every ten minutes.
        await self.pass_time(12 * MINUTE, step=4 * MINUTE)
        shown = ", ".join(f"`{line}`" for line in text.split("\n"))
        self.story.tell(f"**mod** writes {shown} to the moderators.")
        for answer in self.story.modmail():
            self.story.quote(answer)
        return found

    async def wiki(self, page: str) -> None:
        """The moderator saves the page, and waits until it was looked at."""
        self.reddit.write_wiki("aww", page)
        self.story.tell("**mod** saves `/r/aww/wiki/peoria`:")
        self.story.lines += ["```yaml", *page.strip().split("\n"), "```", ""]
        await self.pass_time(6 * MINUTE, step=3 * MINUTE)
        for told in self.story.modmail():
            self.story.tell("In modmail:")
            self.story.quote(told)

    async def week(self, posts: int) -> None:
        """A week of posts, and of guesses by those who know the subreddit more or less well."""
        end = self.clock() + timedelta(days=7)
        each = (7 * DAY - 2 * HOUR) / posts
        for number in range(posts):
            author = PEOPLE[number % len(PEOPLE)]
            made = self.post(author, str(self.rng.choice(TITLES)))
            await self.pass_time(10 * MINUTE, step=5 * MINUTE)
            for person, taste in (("bob", 0.9), ("cleo", 0.5), ("dan", 0.1)):
                if person != author:
                    self.guess(made, person, taste)
            await self.pass_time(each - 10 * MINUTE)
        await self.pass_time((end - self.clock()).total_seconds())

    def guess(self, post: dict[str, Any], person: str, taste: float) -> dict[str, Any]:
        fame = np.log(self.fame[post["name"]])
        known = taste * fame + (1 - taste) * self.rng.normal(3, 1.5)
        word = "low" if known < 2.4 else "high" if known > 3.6 else "medium"
        return self.reddit.comment(post["name"], f"!guess {word}", person)

    def leaderboards(self) -> list[dict[str, Any]]:
        """Posts of ours, the newest first."""
        return [each for each in self.reddit.subreddit("aww").posts if each["author"] == ME]


async def on_the_site(story: Story, app: App, admin: Visitor) -> None:
    story.chapter("Set up, on the site")
    story.tell(
        "Whoever installed Peoria started it with `PEORIA_REDDIT_REPLY=on python main.py run`, and"
        " nothing else was set. On *Admin → Set up* they type the app's id and secret, the account"
        " and its password, and press *Keep them and check*:"
    )
    form = {
        "client_id": CLIENT[0], "client_secret": CLIENT[1], "username": ME, "password": PASSWORD,
    }  # fmt: skip
    async with admin.send("/admin/setup/reddit", form) as answer:
        page = await answer.text()
    assert PASSWORD not in page
    story.lines += [f"> {line}  " for line in notices_of(page)] + [""]
    story.tell("They type `aww` under *Choose subreddits*, and press *Check Reddit*:")
    async with admin.send("/admin/setup/subreddits", {"subreddits": "aww"}) as answer:
        assert answer.status == 303
    async with admin.send("/admin/setup/reddit/check", {}) as answer:
        story.lines += [f"> {line}  " for line in notices_of(await answer.text())] + [""]
    await app.set_up_later.look()
    platform = app.platforms[PlatformName.REDDIT]
    assert isinstance(platform, RedditPlatform)
    # It goes by real time; here the time is moved by hand.
    task = platform._service._task  # noqa: SLF001
    assert task is not None
    task.cancel()
    await asyncio.wait({task})
    story.tell("Peoria signs in by itself within half a minute. Nobody needs its machine any more.")


def notices_of(page: str) -> list[str]:
    """What a check found, a line for each thing."""
    found = page.split('<ul class="notices" role="status">')[1].split("</ul>")[0]
    return [
        " ".join(html.unescape(_TAG.sub("", each)).split()) for each in found.split("</li>")[:-1]
    ]


async def tell(story: Story, app: App, admin: Visitor, clock: FakeClock) -> None:
    reddit = story.reddit
    await on_the_site(story, app, admin)
    aww = Subreddit(app, story, clock)
    await aww.pass_time(2 * MINUTE, step=MINUTE)

    story.chapter("The moderator")
    story.tell(
        "A moderator, u/mod, invites u/peoria_bot with the permissions *mail*, *wiki*, *flair* and"
        " *posts*; the invitation is accepted, signed in as the bot. Then they write a message."
    )
    reddit.make_moderator("aww", "mod")
    reddit.make_moderator("aww", ME, "mail", "wiki", "flair", "posts")
    conversation = await aww.ask("help")
    await aww.ask("import 30", conversation=conversation)
    await aww.pass_time(10 * MINUTE, step=MINUTE)
    await aww.ask("status", conversation=conversation)

    story.chapter("Settings, in the wiki")
    await aww.wiki("guesses: on\nleaderbord: sticky\n")
    page = (
        "guesses: on\nguess_minutes: 120\nleaderboard: sticky\nleaderboard_day: monday\n"
        "leaderboard_time: 18:00\nforecaster_flair: on\npost_flair: on\n"
    )
    await aww.wiki(page)
    await aww.ask("status", conversation=conversation)
    await aww.ask("pause", conversation=conversation)
    await aww.ask("resume", conversation=conversation)
    await aww.ask("unwatch", conversation=conversation)
    await aww.ask("watch", conversation=conversation)

    story.chapter("A post, and guesses")
    post = aww.post("ann", "first snow")
    await aww.pass_time(4 * MINUTE, step=MINUTE)
    story.tell(f"**ann** posts *{post['title']}*. Four minutes later there is a comment:")
    story.quote(reddit.comments_on(post["name"])[0]["body"])
    reddit.comment(post["name"], "!guess high", "bob")
    late = reddit.comment(post["name"], "!guess low", "cleo")
    reddit.comment(post["name"], "!guess high", "ann")
    await aww.pass_time(10 * MINUTE, step=MINUTE)
    await aww.pass_time(2 * HOUR)
    late.update(body="!guess high", edited=clock().timestamp())
    await aww.pass_time(HOUR)
    guesses = await guesses_on(app, post["name"])
    story.tell(
        "**bob** comments `!guess high`, **cleo** `!guess low`, and **ann**, whose post it is,"
        " `!guess high`. Three hours later cleo edits hers to `!guess high`. What counts:"
        f" {', '.join(guesses)}. An own post is for others to guess, and guessing had closed."
    )
    await aww.pass_time(DAY)
    story.tell(
        f"A day later the score is final, the post's flair is *{post.get('link_flair_text')}*, and"
        " the same comment says:"
    )
    story.quote(reddit.comments_on(post["name"])[0]["body"])

    story.chapter("The first week")
    started = perf_counter()
    await aww.week(10)
    # Until the Monday after: the day on which the leaderboard comes.
    await aww.pass_time(until_monday(clock()))
    board = aww.leaderboards()[0]
    story.tell(
        f"Ten posts, and three people who guess ({perf_counter() - started:.0f} s in this run). On"
        f" Monday after 18:00 UTC there is a post, *{board['title']}*"
        f"{', at the top of the subreddit' if board['stickied'] else ''}:"
    )
    story.quote(board["selftext"])
    flairs = [f"u/{name}: *{text}*" for (_, name), text in sorted(reddit.user_flairs.items())]
    story.tell(f"Flair of people: {'; '.join(flairs)}.")

    story.chapter("Two more weeks: a post that stays where it is, and a wiki page")
    await aww.wiki(page.replace("sticky", "post"))
    await aww.week(4)
    await aww.pass_time(HOUR)
    newest = aww.leaderboards()[0]
    assert newest is not board
    where = "stuck to the top" if newest["stickied"] else "a plain post"
    story.tell(f"The next Monday: *{newest['title']}*, {where}.")
    await aww.wiki(page.replace("sticky", "wiki"))
    await aww.week(4)
    await aww.pass_time(HOUR)
    assert aww.leaderboards()[0] is newest
    story.tell("And the one after that, on the page `/r/aww/wiki/peoria/leaderboard`:")
    story.quote(reddit.wiki["aww", "peoria/leaderboard"]["content_md"])
    await aww.ask("leaderboard", conversation=conversation)

    await gone(story, app, aww)
    await in_german(story, aww, page, conversation)
    await what_the_admin_sees(story, admin)
    load = os.getloadavg()[1]
    story.tell(
        f"In all Reddit got {len(reddit.requests):,} requests in"
        f" {(clock() - START).days} days ({os.cpu_count()} cores, load average {load:.0f})."
    )


async def gone(story: Story, app: App, aww: Subreddit) -> None:
    story.chapter("What people take back")
    reddit = story.reddit
    deleted, kept = aww.post("eve", "she found the box"), aww.post("dan", "the window")
    await aww.pass_time(HOUR, step=MINUTE * 10)
    before = await stored(app, deleted["name"])
    reddit.delete(deleted["name"])
    await aww.pass_time(2 * DAY)
    after = await stored(app, deleted["name"])
    story.tell(
        f"**eve** deletes a post an hour after it was predicted. Stored of it before: {before}."
        f" Two days later: {after}. The bot's comments under it:"
        f" {len(reddit.comments_on(deleted['name']))}."
    )
    comment = reddit.comments_on(kept["name"])[0]
    wish = reddit.comment(comment["name"], "!optout", "dan", author_fullname="t2_dan")
    reddit.message(wish)
    await aww.pass_time(10 * MINUTE, step=MINUTE)
    answers = reddit.comments_on(wish["name"])
    story.tell("**dan** answers the bot with `!optout`:")
    story.quote(answers[0]["body"])
    ignored = aww.post("dan", "the old one")
    await aww.pass_time(HOUR, step=MINUTE * 15)
    story.tell(f"dan's next post: {await stored(app, ignored['name'])}.")


async def in_german(story: Story, aww: Subreddit, page: str, conversation: str) -> None:
    story.chapter("In another language")
    await aww.wiki(f"language: de\n{page}")
    await aww.ask("status", conversation=conversation)


async def what_the_admin_sees(story: Story, admin: Visitor) -> None:
    story.chapter("What the admin of the machine sees of it")
    _, page = await admin.page("/admin/audit")
    rows = [
        [" ".join(html.unescape(_TAG.sub(" ", cell)).split()) for cell in row.split("</td>")[:-1]]
        for row in page.split("<tbody>")[1].split("</tbody>")[0].split("</tr>")[:-1]
    ]
    story.tell("*Admin → Who changed what* lists it, the newest first:")
    for row in rows[:6]:
        story.lines.append(f"> {' · '.join(each for each in row if each)}  ")
    story.lines.append("")


def until_monday(at: datetime) -> float:
    """Seconds until the next Monday, an hour after the leaderboard is due."""
    due = datetime(at.year, at.month, at.day, 19, tzinfo=UTC) + timedelta(days=-at.weekday() % 7)
    return ((due if due > at else due + timedelta(days=7)) - at).total_seconds()


async def guesses_on(app: App, name: str) -> Sequence[str]:
    """The guesses on a post that count."""
    async with app.core.database.read() as session:
        rows = await session.scalars(
            select(Guess.bucket)
            .join(Post, Post.id == Guess.post_id)
            .where(Post.source_id == name)
            .order_by(Guess.id)
        )
        return [f"*{each.value}*" for each in rows]


async def stored(app: App, name: str) -> str:
    """The title and author that are stored of a post."""
    async with app.core.database.read() as session:
        post = await session.scalar(select(Post).filter_by(source_id=name))
        if post is None:
            return "nothing"
        title, author = f"title {post.title!r}", "its author's hash" if post.author_id else None
        return ", ".join(each for each in (title, author) if each)


async def play() -> str:
    """Play the story and return its transcript."""
    # praw's core waits for up to two seconds before it replaces a token.
    FiniteRetryStrategy._sleep_seconds = lambda _: None  # type: ignore[method-assign]  # noqa: SLF001
    clock = FakeClock(START)
    reddit = FakeReddit(clock)
    reddit.remaining, reddit.reset = 10**6, 600
    with tempfile.TemporaryDirectory() as scratch:
        async with serving(reddit) as origin:
            past = np.random.default_rng(1)
            for number in range(18, 0, -1):
                created = (START - timedelta(hours=30 * number)).timestamp()
                score = round(float(past.lognormal(3, 1.3)))
                reddit.post(
                    "aww", str(past.choice(TITLES)), created_utc=created, score=score, author="old"
                )
            settings = Settings(
                _env_file=None, data_dir=Path(scratch) / "data", web_port=0, silent_share=0,
                attributes_at_once=False,
                reddit_url=origin, reddit_oauth_url=origin, reddit_reply="on",
                download_allow_hosts=("127.0.0.1",), log_level="WARNING",
            )  # fmt: skip
            async with open_core(settings, clock=clock) as core:
                app = build(core)
                board = app.platforms[PlatformName.WEB]
                assert isinstance(board, WebPlatform)
                await board.start()
                story = Story(reddit)
                try:
                    async with visiting(board.url) as admin:
                        await admin.become_admin(board.admin_link())
                        await tell(story, app, admin, clock)
                finally:
                    await app.set_up_later.stop()
                    await board.stop()
    return "\n".join(story.lines).rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "reddit-story.md")
    arguments = parser.parse_args()
    page, mark, _ = arguments.into.read_text("utf-8").partition(MARK)
    if not mark:
        raise SystemExit(f"{arguments.into} has no line {MARK!r} after which the story goes.")
    story = asyncio.run(play())
    arguments.into.write_text(f"{page}{mark}\n\n{story}", "utf-8")


if __name__ == "__main__":
    main()
