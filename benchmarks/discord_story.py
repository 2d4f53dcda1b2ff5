"""One full story on the loopback Discord, told as a transcript with pictures.

    python benchmarks/discord_story.py [--into docs/discord-story.md] [--pictures docs/pictures]

Install, watch, weekly digest, post, questions, guess, duel, outcome, forum, leaderboard, retrain,
rollback, a season's end: the whole bot, connected by the real discord.py, with its own database,
jobs and trainer. The people, their memes and their taste are made up; the time is moved by hand.
Everything shown was sent by the bot in this run. Without a Chromium of its own, begin the command
with `.ci/with-chromium`.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from discord.asset import Asset
from pydantic import SecretStr

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.discord_story_install import invite  # noqa: E402
from benchmarks.discord_story_places import (  # noqa: E402
    end_season,
    promise_role,
    tell_asking,
    tell_outcomes,
    tell_places,
)
from benchmarks.discord_story_server import (  # noqa: E402
    tell_category,
    tell_import,
    tell_mention,
    tell_model_here,
    tell_other_pictures,
    tell_rules,
)
from benchmarks.discord_village import DAY, HOUR, Story, Village, guess, said  # noqa: E402
from bot.app import App, build  # noqa: E402
from bot.core import open_core  # noqa: E402
from bot.settings import Settings  # noqa: E402
from bot.simulation.draw import draw  # noqa: E402
from bot.simulation.memes import Palette, Scene  # noqa: E402
from bot.training.versions import list_versions  # noqa: E402
from storage.types import PlatformName  # noqa: E402
from tests.fakes.clock import FakeClock  # noqa: E402
from tests.fakes.discord import FakeDiscord, Member, Upload  # noqa: E402

#: What follows this line of the page is written by this script.
MARK = "<!-- The story: written by benchmarks/discord_story.py -->"
START = datetime(2026, 11, 2, 18, tzinfo=UTC)
#: Posts of the weeks that are told in one line, so that there is something to learn from.
WEEKS = 76
PEOPLE = ("ann", "bob", "cleo", "dan", "eve", "finn", "gus", "hana", "ivo", "juno", "kim", "lea")


async def tell(story: Story, app: App, village: Village, admin: Member) -> None:
    fake, channel = story.fake, village.channel
    ann, bob, cleo = village.people[:3]

    names = ", ".join(sorted(f"`/{name}`" for name, kind in fake.commands if kind == 1))
    entries = ", ".join(sorted(f"*{name}*" for name, kind in fake.commands if kind == 3))
    story.tell(
        f"`make run`: the bot starts, logs in and sends Discord its {len(fake.commands)} commands:"
        f" {names}, and in the menu of every message {entries}."
    )
    asked = await fake.slash(admin, channel, "help")
    story.show("help", "/help lists what there is", [asked.response])

    story.chapter("Watch")
    asked = await fake.slash(admin, channel, "watch")
    story.quote(admin.name, "`/watch`", said(asked), asked.acknowledged_after)
    asked = await fake.slash(admin, channel, "settings", guess_minutes=120, mode="reply")
    story.quote(admin.name, "`/settings guess_minutes: 120`", said(asked), asked.acknowledged_after)

    told = village.told
    asked = await fake.slash(
        admin, channel, "digest", every="week", channel=told, weekday=0, time="18:00",
        time_zone="UTC",
    )  # fmt: skip
    story.quote(
        admin.name, f"`/digest every: week channel: #{told.name} weekday: Monday time: 18:00`",
        said(asked), asked.acknowledged_after,
    )  # fmt: skip

    story.chapter("Two weeks go by")
    started = perf_counter()
    for number in range(WEEKS):
        meme = village.meme()
        author = village.people[number % len(village.people)]
        message = await village.post(author, meme, meme.caption)
        reply = await village.reply_to(message)
        for person, taste in ((ann, 0.9), (bob, 0.5), (cleo, 0.2)):
            if person is not author and number % 3:
                await guess(village, person, reply, meme, taste)
        await village.vote(message, meme)
        # Scores of this hour become final at its end; digests are due at full hours.
        await village.pass_time(4 * HOUR, step=2 * HOUR)
        await village.pass_time(HOUR, step=HOUR)
    await village.pass_time(DAY, step=HOUR)
    story.tell(
        f"{WEEKS} memes are posted; twelve people guess and vote"
        f" ({perf_counter() - started:.0f} s in this run, with the clock moved by hand)."
    )

    digests = fake.messages(told)
    story.tell(f"On each of the {len(digests)} Mondays the week was told. The last time:")
    story.show("digest", "The weekly digest", digests[-1:])

    results = fake.channel(village.guild, "results")
    await promise_role(story, village, results, admin)

    story.chapter("Post")
    meme = village.meme(Scene.CAT, Palette.NEON)
    post = await village.post(ann, meme, "she has seen the logs")
    reply = await village.reply_to(post)
    story.show("post", "A post and the reply to it, with the guess buttons", [post, reply])

    story.chapter("Ask before posting")
    idea = village.meme(Scene.CHART, Palette.GREY)
    asked = await fake.slash(
        bob, channel, "predict", image=Upload(draw(idea), "chart.jpg"), title="numbers"
    )
    story.quote(
        bob.name, "`/predict image: chart.jpg title: numbers`", "", asked.acknowledged_after
    )
    story.show("predict", "/predict: three bars, and what made the prediction", [asked.response])

    await tell_asking(story, village)

    story.chapter("Guess")
    clicked = await fake.click(bob, reply, "High")
    await fake.settle(within=120)
    story.quote(bob.name, "presses **High**", said(clicked), clicked.acknowledged_after)
    clicked = await fake.click(ann, reply, "High")
    await fake.settle(within=120)
    story.quote(ann.name, "presses **High** under her own post", "\n".join(
        each.text for each in fake.whispers_to(ann)[-1:]
    ), clicked.acknowledged_after)  # fmt: skip

    story.chapter("Duel")
    rival = village.meme(Scene.FOOD, Palette.NEON)
    other = await village.post(cleo, rival, "lunch, again")
    await village.reply_to(other)
    asked = await fake.slash(bob, channel, "duel")
    duel = fake.messages(channel)[-1]
    story.quote(bob.name, "`/duel`", said(asked), asked.acknowledged_after)
    clicked = await fake.click(bob, duel, "1 wins")
    await fake.click(village.people[3], duel, "2 wins")
    story.quote(bob.name, "presses **1 wins**", said(clicked), clicked.acknowledged_after)
    story.show("duel", "A duel of two posts", [duel])
    form = await fake.menu(bob, other, "Guess the score")
    sent = await fake.submit(form, {"low": "3", "high": "8"})
    story.quote(
        bob.name, "*Guess the score* in the menu of the second post: 3 to 8", said(sent),
        sent.acknowledged_after,
    )  # fmt: skip

    story.chapter("Result")
    await village.vote(post, meme)
    await village.vote(other, rival)
    await village.pass_time(DAY)
    await village.pass_time(60)
    story.tell("A day later the score is final, and the same reply shows the result.")
    story.show("outcome", "The reply after the horizon", [post, reply])

    story.show("duel-decided", "The duel, decided", [duel])

    await tell_outcomes(story, village, results)

    await tell_places(story, village, admin)
    await tell_category(story, village, admin)
    await tell_other_pictures(story, village, admin)
    await tell_mention(story, village)
    await tell_rules(story, village, admin)
    await tell_import(story, village, admin)

    story.chapter("Leaderboard")
    asked = await fake.slash(ann, channel, "leaderboard", season="all")
    story.show("leaderboard", "The forecasters of all time", [asked.response])
    asked = await fake.slash(bob, channel, "games")
    story.quote(bob.name, "`/games`", said(asked), asked.acknowledged_after)
    asked = await fake.slash(cleo, channel, "me")
    story.quote(cleo.name, "`/me`", said(asked), asked.acknowledged_after)

    story.chapter("Retrain")
    started = perf_counter()
    asked = await fake.slash(admin, channel, "retrain")
    story.quote(admin.name, "`/retrain`", said(asked), asked.acknowledged_after)
    (ended,) = await fake.until(lambda: asked.followups, "the end of the training", within=900)
    story.quote("peoria", f"{perf_counter() - started:.0f} s later", ended.text)
    asked = await fake.slash(admin, channel, "model versions")
    story.show("versions", "/model versions", [asked.response])

    newest = (await list_versions(app.core.database))[-1]
    version = newest.name
    if not newest.is_champion:
        story.chapter("Promote")
        asked = await fake.slash(admin, channel, "model promote", version=version)
        question = asked.response
        assert question is not None
        clicked = await fake.click(admin, question, "Let it serve")
        await fake.settle(within=120)
        story.quote(
            admin.name, f"`/model promote {version}`, and presses **Let it serve**", question.text
        )

    story.chapter("Rollback")
    asked = await fake.slash(admin, channel, "model rollback")
    question = asked.response
    assert question is not None
    story.show("rollback", "/model rollback asks first", [question])
    clicked = await fake.click(admin, question, "Go back")
    await fake.settle(within=120)
    story.quote(admin.name, "presses **Go back**", question.text, clicked.acknowledged_after)

    await tell_model_here(story, village, admin, version)

    story.chapter("Your own data")
    asked = await fake.slash(cleo, channel, "export-me")
    story.quote(cleo.name, "`/export-me`", said(asked), asked.acknowledged_after)
    asked = await fake.slash(cleo, channel, "forget-me")
    question = asked.response
    assert question is not None
    clicked = await fake.click(cleo, question, "Delete it")
    await fake.settle(within=120)
    story.quote(cleo.name, "`/forget-me`, and presses **Delete it**", question.text)

    await end_season(story, village, results, admin)

    invalid = [entry for entry in fake.requests if entry.problems]
    times = sorted(
        each.acknowledged_after for each in fake.interactions.values()
        if each.acknowledged_after is not None
    )  # fmt: skip
    story.tell(
        f"In all the bot made {len(fake.requests):,} requests; {len(invalid)} were not what"
        " Discord's own API description takes. Of"
        f" {len(fake.interactions)} commands and buttons the slowest was acknowledged after"
        f" {times[-1] * 1000:.0f} ms, the median after {times[len(times) // 2] * 1000:.0f} ms"
        f" ({os.cpu_count()} cores, load average {os.getloadavg()[2]:.0f}: the machine was"
        f" {'busy with other things' if os.getloadavg()[2] > 4 else 'otherwise idle'})."
    )


async def play(pictures: Path) -> str:
    """Play the story and return its transcript."""
    clock = FakeClock(START)
    with tempfile.TemporaryDirectory() as scratch:
        async with FakeDiscord(clock=clock) as fake:
            # Where Discord's clients show stickers from.
            Asset.BASE = f"{fake.base_url}/links"
            guild = fake.guild("The village", has_bot=False)
            settings = Settings(
                _env_file=None, data_dir=Path(scratch) / "data", web=False, silent_share=0,
                discord_token=SecretStr(fake.token), discord_api_url=fake.api_url,
                discord_gateway_url=fake.gateway_url, download_allow_hosts=("127.0.0.1",),
                log_level="WARNING", discord_model_servers=(str(guild.id),),
            )  # fmt: skip
            channel, told = fake.channel(guild, "memes"), fake.channel(guild, "general")
            story = Story(fake, clock, pictures)
            await invite(story, guild, Path(scratch))
            people = [fake.member(guild, name) for name in PEOPLE]
            admin = fake.member(guild, "mayor", manage_guild=True)
            async with open_core(settings, clock=clock) as core:
                app = build(core)
                await app.platforms[PlatformName.DISCORD].start()
                try:
                    await fake.ready()
                    village = Village(app, story, channel, told, people)
                    await tell(story, app, village, admin)
                finally:
                    await app.platforms[PlatformName.DISCORD].stop()
                await story.draw()
    return "\n".join(story.lines).rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "discord-story.md")
    parser.add_argument("--pictures", type=Path, default=ROOT / "docs" / "pictures")
    arguments = parser.parse_args()
    page, mark, _ = arguments.into.read_text("utf-8").partition(MARK)
    if not mark:
        raise SystemExit(f"{arguments.into} has no line {MARK!r} after which the story goes.")
    story = asyncio.run(play(arguments.pictures))
    arguments.into.write_text(f"{page}{mark}\n\n{story}", "utf-8")


if __name__ == "__main__":
    main()
