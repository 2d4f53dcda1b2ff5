"""How soon people on Discord hear from the bot while everything happens at once.

    python -m benchmarks.discord_burst [--images 200] [--channels 40] [--posts 5000] [--quiet]

The bot is a process of its own; the loopback Discord and the people are this one. Posts arrive
within one second, spread over the channels, while people press guess buttons and ask /predict, and
(without --quiet) training runs go on beside it, one after the other. Discord's own limit, five
messages in five seconds a channel, is enforced.

Then the bot's memory, after as many posts as --posts says.
"""

import argparse
import asyncio
import contextlib
import random
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.discord_stage import (
    command,
    environment,
    load,
    peoria,
    percentile,
    picture,
    write_posts,
)
from tests.fakes.discord import Channel, FakeDiscord, Interaction, Member, Message, NotOffered

SEND = "POST /channels/{channel_id}/messages"
LABELS = 150
#: Share of guesses among what people ask; the rest is /predict.
GUESSES = 0.9
#: Posts that are under way at the same time while memory is filled.
AT_ONCE = 25


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--channels", type=int, default=40)
    parser.add_argument("--posts", type=int, default=5000)
    parser.add_argument("--quiet", action="store_true", help="no training run beside it")
    arguments = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        posts = write_posts(folder, LABELS)
        async with FakeDiscord(validate_late=True) as fake:
            fake.limit(SEND, 5, 5.0)
            env = environment(fake, folder / "data")
            console.print(f"Importing {LABELS} posts to train on. {load()}")
            await command(env, "import", str(posts), "--images", str(folder / "images"))
            guild = fake.guild()
            channels = [fake.channel(guild, f"c{n}") for n in range(arguments.channels)]
            admin = fake.member(guild, "admin", manage_guild=True)
            people = [fake.member(guild, f"person {n}") for n in range(50)]
            async with peoria(fake, env) as process:
                for channel in channels:
                    await fake.slash(admin, channel, "watch")
                training = contextlib.nullcontext() if arguments.quiet else retraining(env)
                async with training:
                    await burst(fake, channels, people, arguments.images, console)
                await fill(fake, channels, people, arguments.posts, process, console)
            fake.assert_valid()


@contextlib.asynccontextmanager
async def retraining(env: dict[str, str]) -> AsyncIterator[None]:
    """Training runs, one after the other, under way when the block begins."""

    async def train() -> None:
        while True:
            await command(env, "train")

    task = asyncio.create_task(train())
    # TensorFlow's own start is over by then, and the fitting has begun.
    await asyncio.sleep(8)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def burst(
    fake: FakeDiscord, channels: list[Channel], people: list[Member], count: int, console: Console
) -> None:
    """Post ``count`` images within a second, and press buttons until all are answered."""
    pictures = [picture(number) for number in range(count)]
    console.print(f"Posting {count} images in {len(channels)} channels. {load()}")
    posts: list[Message] = []
    asked: list[Interaction] = []
    pressing = asyncio.create_task(press(fake, channels, people, asked))
    began = time.perf_counter()
    for number, data in enumerate(pictures):
        await asyncio.sleep(max(0.0, began + number / count - time.perf_counter()))
        channel, person = channels[number % len(channels)], people[number % len(people)]
        posts.append(await fake.post_message(channel, person, attachments=[data]))
    await fake.until(lambda: all(fake.replies_to(post) for post in posts), "a reply", within=300)
    took = time.perf_counter() - began
    pressing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await pressing
    replies = [(fake.replies_to(post)[0].sent_at - post.sent_at).total_seconds() for post in posts]
    acknowledged = [
        each.acknowledged_after for each in asked if each.acknowledged_after is not None
    ]
    late = sum(each.too_late for each in asked)
    limited = sum(each.status == 429 for each in fake.asked(SEND))
    table = Table("", "p50", "p95", "p99", "worst", title=f"{count} images in one second")
    for name, values in (("reply, s", replies), ("acknowledgement, s", acknowledged)):
        figures = [percentile(values, share) for share in (0.5, 0.95, 0.99, 1.0)]
        table.add_row(f"{name} ({len(values)})", *(f"{figure:.3f}" for figure in figures))
    console.print(table)
    console.print(
        f"All answered after {took:.1f} s; {late} interactions not acknowledged in 3 s;"
        f" {limited} answers of 429. {load()}"
    )


async def press(
    fake: FakeDiscord, channels: list[Channel], people: list[Member], asked: list[Interaction]
) -> None:
    """Ten times a second somebody guesses, or asks /predict."""
    rng = random.Random(7)
    data = picture(99_999)
    while True:
        channel, person = rng.choice(channels), rng.choice(people)
        replies = [each for each in fake.messages(channel, author=fake.bot) if each.buttons]
        try:
            if rng.random() >= GUESSES:
                asked.append(await fake.slash(person, channel, "predict", image=data, wait=False))
            elif replies:
                button = rng.choice(("Low", "Medium", "High"))
                asked.append(await fake.click(person, rng.choice(replies), button, wait=False))
        except NotOffered as refused:
            raise RuntimeError(f"the benchmark no longer fits the bot: {refused}") from refused
        await asyncio.sleep(0.1)


async def fill(
    fake: FakeDiscord, channels: list[Channel], people: list[Member], count: int,
    process: psutil.Process, console: Console,
) -> None:  # fmt: skip
    """Post until ``count`` posts were answered, and say what memory the bot holds."""
    fake.limit(SEND, 1_000_000, 1.0)
    before = _memory(process)
    began = time.perf_counter()
    seed = 1000
    for first in range(0, count, AT_ONCE):
        batch = []
        for _ in range(min(AT_ONCE, count - first)):
            seed += 1
            channel, person = channels[seed % len(channels)], people[seed % len(people)]
            data = picture(seed, 160, 120)
            batch.append(await fake.post_message(channel, person, attachments=[data]))
        await fake.until(lambda b=batch: all(fake.replies_to(post) for post in b), within=120)
        if first % 1000 == 0:
            console.print(f"  {first:,} posts: {_memory(process):.0f} MB")
        # What the benchmark itself holds is not what is measured.
        fake.requests.clear()
    rate = count / (time.perf_counter() - began)
    console.print(
        f"Memory of the bot: {before:.0f} MB before, {_memory(process):.0f} MB after {count:,} more"
        f" posts ({rate:.0f} posts/s). {load()}"
    )


def _memory(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 2**20


if __name__ == "__main__":
    asyncio.run(main())
