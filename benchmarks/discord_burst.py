"""How soon people on Discord hear from the bot while everything happens at once.

    python -m benchmarks.discord_burst [--images 200] [--channels 40] [--guesses 9] [--predicts 1]
        [--posts 5000] [--pictures 1] [--quiet]

The bot is a process of its own; the loopback Discord and the people are this one. Posts arrive
within one second, spread over the channels, while people press guess buttons and ask /predict (so
many a second) and, without --quiet, training runs go on beside it, one after the other. Discord's
own limit, five messages in five seconds a channel, is enforced: with more than five posts in a
channel it sets a floor, which is printed.

Then the bot's memory, after as many posts as --posts says, and how long it takes to stop.
"""

import argparse
import asyncio
import contextlib
import random
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.discord_process import (
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
#: Discord's limit on messages in a channel: so many in so many seconds.
MESSAGES, WITHIN = 5, 5.0
LABELS = 150
#: Seconds between the start of everything and the burst.
START = 8.0
#: Posts that are under way at the same time while memory is filled.
AT_ONCE = 25


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--channels", type=int, default=40)
    parser.add_argument("--guesses", type=float, default=9.0, help="a second")
    parser.add_argument("--predicts", type=float, default=1.0, help="a second")
    parser.add_argument("--posts", type=int, default=5000)
    parser.add_argument(
        "--pictures", type=int, default=1, help="processes that read pictures; 0: threads do"
    )
    parser.add_argument("--quiet", action="store_true", help="no training run beside it")
    arguments = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        posts = write_posts(folder, LABELS)
        async with FakeDiscord(validate_late=True) as fake:
            fake.limit(SEND, MESSAGES, WITHIN)
            pictures = str(arguments.pictures)
            env = environment(fake, folder / "data", PEORIA_PICTURE_PROCESSES=pictures)
            console.print(f"Importing {LABELS} posts to train on. {load()}")
            await command(env, "import", str(posts), "--images", str(folder / "images"))
            guild = fake.guild()
            channels = [fake.channel(guild, f"c{n}") for n in range(arguments.channels)]
            people = [fake.member(guild, f"person {n}") for n in range(50)]
            async with peoria(fake, env) as process:
                for number, channel in enumerate(channels):
                    # Each by an admin of its own: nobody may ask for so much at once.
                    admin = fake.member(guild, f"admin {number}", manage_guild=True)
                    asked = await fake.slash(admin, channel, "watch")
                    if "is watched now" not in asked.text:
                        raise RuntimeError(f"#{channel.name} is not watched: {asked.text}")
                training = contextlib.nullcontext() if arguments.quiet else retrain_schedule(env)
                async with training:
                    # TensorFlow's own start is over by then and the fitting has begun, and the bot
                    # has read what was posted in the channels before it came.
                    await asyncio.sleep(START)
                    await burst(fake, channels, people, arguments, process, console)
                if arguments.posts:
                    await fill(fake, channels, people, arguments.posts, process, console)
                began = time.perf_counter()
            console.print(f"Stopped {time.perf_counter() - began:.1f} s after it was asked to.")
            fake.assert_valid()


@contextlib.asynccontextmanager
async def retrain_schedule(env: dict[str, str]) -> AsyncIterator[None]:
    """Training runs, one after the other, as long as the block lasts."""

    async def train() -> None:
        while True:
            await command(env, "train")

    task = asyncio.create_task(train())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def burst(
    fake: FakeDiscord, channels: list[Channel], people: list[Member],
    arguments: argparse.Namespace, process: psutil.Process, console: Console,
) -> None:  # fmt: skip
    """Post images within a second, and ask for more until all are answered."""
    count = arguments.images
    pictures = [picture(number) for number in range(count)]
    console.print(f"Posting {count} images in {len(channels)} channels. {load()}")
    posts: list[Message] = []
    guessed: list[Interaction] = []
    predicted: list[Interaction] = []
    asking = [
        asyncio.create_task(guess(fake, channels, people, arguments.guesses, guessed)),
        asyncio.create_task(predict(fake, channels, people, arguments.predicts, predicted)),
    ]
    worked, simulated = _cpu_seconds(process), time.process_time()
    began = time.perf_counter()
    for number, data in enumerate(pictures):
        await asyncio.sleep(max(0.0, began + number / count - time.perf_counter()))
        channel, person = channels[number % len(channels)], people[number % len(people)]
        posts.append(await fake.post_message(channel, person, attachments=[data]))
    await answered(fake, posts, 300 + WITHIN * count / MESSAGES / len(channels))
    took, worked = time.perf_counter() - began, _cpu_seconds(process) - worked
    simulated = time.process_time() - simulated
    for task in asking:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    table = Table("", "p50", "p95", "p99", "worst", title=f"{count} images in one second")
    replies = [(fake.replies_to(post)[0].sent_at - post.sent_at).total_seconds() for post in posts]
    _add_row(table, "reply, s", replies)
    for name, asked in (("guess", guessed), ("/predict", predicted)):
        if asked:
            _add_row(table, f"{name} acknowledged, s", [_acknowledged(each) for each in asked])
    finished = [each for each in predicted if each.finished.is_set()]
    console.print(table)
    limited = sum(each.status == 429 for each in fake.asked(SEND))
    late = sum(_acknowledged(each) > 3 for each in guessed + predicted)
    console.print(
        f"All answered after {took:.1f} s, with {worked:.1f} s of processor time in the bot and"
        f" {simulated:.1f} s in the loopback Discord; {late}"
        f" of {len(guessed + predicted)} interactions not acknowledged in 3 s,"
        f" {len(predicted) - len(finished)} of {len(predicted)} /predict not answered yet;"
        f" {limited} answers of 429. Memory {_memory(process):.0f} MB. {load()}"
    )
    each = -(-count // len(channels))
    if each > MESSAGES:
        floor = [(n // MESSAGES) * WITHIN for n in range(each)]
        console.print(
            f"{each} posts a channel: Discord's limit alone keeps p50 at {percentile(floor, 0.5):g}"
            f" s, p95 at {percentile(floor, 0.95):g} s or more."
        )


async def answered(fake: FakeDiscord, posts: list[Message], within: float) -> None:
    """Return when every post has its reply."""
    waiting = posts[:]

    def all_are() -> bool:
        while waiting and fake.replies_to(waiting[-1]):
            waiting.pop()
        return not waiting

    await fake.until(all_are, f"a reply to each of {len(posts)} posts", within=within)


async def guess(
    fake: FakeDiscord, channels: list[Channel], people: list[Member], rate: float,
    asked: list[Interaction],
) -> None:  # fmt: skip
    """So many times a second somebody presses a guess button."""
    rng = random.Random(7)
    while rate:
        replies = [
            each for each in fake.messages(rng.choice(channels), author=fake.bot) if each.buttons
        ]
        if replies:
            button = rng.choice(("Low", "Medium", "High"))
            with _as_offered():
                reply = rng.choice(replies)
                asked.append(await fake.click(rng.choice(people), reply, button, wait=False))
        await asyncio.sleep(1 / rate)


async def predict(
    fake: FakeDiscord, channels: list[Channel], people: list[Member], rate: float,
    asked: list[Interaction],
) -> None:  # fmt: skip
    """So many times a second somebody asks /predict."""
    rng = random.Random(8)
    data = picture(99_999)
    while rate:
        with _as_offered():
            person, channel = rng.choice(people), rng.choice(channels)
            asked.append(await fake.slash(person, channel, "predict", image=data, wait=False))
        await asyncio.sleep(1 / rate)


@contextlib.contextmanager
def _as_offered() -> Iterator[None]:
    try:
        yield
    except NotOffered as refused:
        raise RuntimeError(f"the benchmark no longer fits the bot: {refused}") from refused


def _acknowledged(asked: Interaction) -> float:
    """Seconds; of one that was not acknowledged how long it waits now."""
    return asked.age if asked.acknowledged_after is None else asked.acknowledged_after


def _add_row(table: Table, name: str, values: list[float]) -> None:
    figures = [percentile(values, share) for share in (0.5, 0.95, 0.99, 1.0)]
    table.add_row(f"{name} ({len(values)})", *(f"{figure:.3f}" for figure in figures))


def _cpu_seconds(process: psutil.Process) -> float:
    """Of the bot, and of the processes that read pictures for it."""
    each = [one.cpu_times() for one in (process, *process.children())]
    return float(sum(times.user + times.system for times in each))


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
        await answered(fake, batch, 120)
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
    """MB of the bot and of the processes that read pictures for it.

    What they share is counted once; where the system does not say, as often as it is used.
    """
    each = [one.memory_full_info() for one in (process, *process.children())]
    return float(sum(getattr(memory, "pss", memory.rss) for memory in each)) / 2**20


if __name__ == "__main__":
    asyncio.run(main())
