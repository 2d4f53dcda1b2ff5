"""Processes with split roles on one PostgreSQL, killed, paused and restarted: 0 lost, 0 doubled.

    .ci/with-postgresql .venv/bin/python -m benchmarks.roles [--posts 600] [--kills 10]
        [--pauses 3] [--restarts 6] [--database-restarts 1] [--seed 1] [--short]

Four processes: discord and jobs; reddit and embed; web and train; one with all roles stands by.
Posts come to a loopback Discord, a loopback Reddit and both boards, while processes are killed
(SIGKILL) at random, paused for twenty seconds (SIGSTOP, then SIGCONT: to the others they are dead,
and they know nothing of it), restarted one after another, and the database is restarted. At the end
each post must be there once and answered once, and those of the board labelled.

The last line is JSON; the exit status is 1 where something was lost or doubled, where a lease of a
dead owner was taken over later than fifteen seconds after its end, or where a process took longer
than thirty to stop.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from sqlalchemy import make_url

from benchmarks.discord_process import load, picture
from benchmarks.roles_child import Starter, is_running
from benchmarks.roles_process import Process
from tests.fakes.discord import Channel, FakeDiscord, Member, Message
from tests.fakes.reddit import CLIENT, PASSWORD, FakeReddit, serving
from tests.fakes.reddit.world import ME
from tests.fakes.visitor import upload
from tests.fixtures import postgresql

BAR_TAKEOVER = 15.0
#: What `compose.scale.yaml` and Kubernetes give a process to stop, seconds.
BAR_STOP = 30.0
#: What each process does; the last one is a second for everything.
ROLES = ("discord,jobs", "reddit,embed", "web,train", "discord,reddit,web,jobs,embed,train")
SUBREDDITS = ("aww", "pics")
CHANNELS = 4
#: People who post on one platform at the same time, at most: one for each so many posts.
PEOPLE, EACH = 8, 250
#: Who posts on Discord or Reddit waits while so many posts there have no answer.
UNANSWERED = 200
#: For how long the end is waited for, seconds.
PATIENCE = 600.0
PAUSE = 20.0
#: Leases that only count the processes: nobody has to take one over (`bot/shared_leases.py`).
SEATS = "reddit r/process "


@dataclass
class World:
    """What there is outside Peoria, and what was posted."""

    discord: FakeDiscord
    channels: list[Channel]
    person: Member
    reddit: FakeReddit
    database: str
    processes: list[Process]
    chance: random.Random
    on_discord: list[Message] = field(default_factory=list)
    on_reddit: list[str] = field(default_factory=list)
    on_board: list[str] = field(default_factory=list)
    #: How many have no answer yet, by platform: counted now and then, as counting costs.
    unanswered: Counter[str] = field(default_factory=Counter)
    takeovers: list[tuple[str, float]] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    #: Processes that ended by themselves.
    ended: int = 0

    async def ask(self, query: str) -> list[Any]:
        """Ask the database, again and again while it is away."""
        while True:
            try:
                connection = await asyncpg.connect(self.database)
                try:
                    return list(await connection.fetch(query))
                finally:
                    await connection.close()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(0.2)


def main() -> int:
    """Play, count, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=600, help="of the three platforms together")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--pauses", type=int, default=3)
    parser.add_argument("--restarts", type=int, default=6)
    parser.add_argument("--database-restarts", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="under 50 seconds")
    parser.add_argument("--keep-logs", type=Path, help="folder that the logs are copied into")
    arguments = parser.parse_args()
    if arguments.short:
        arguments.posts, arguments.kills, arguments.pauses = 30, 1, 0
        arguments.restarts, arguments.database_restarts = 1, 1
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, postgresql.made_database() as url:
        asyncio.run(_keep_what_is_committed(url))
        try:
            found = asyncio.run(_play(Path(name), url, arguments))
        finally:
            if arguments.keep_logs:
                arguments.keep_logs.mkdir(parents=True, exist_ok=True)
                for log in Path(name).glob("*.log"):
                    shutil.copy(log, arguments.keep_logs)
    found |= {"seconds": round(time.monotonic() - began), "load": load()}
    print(json.dumps(found))
    return 0 if found["holds"] else 1


async def _keep_what_is_committed(url: str) -> None:
    """Have the server lose nothing that it said was committed when it is restarted at once.

    `.ci/with-postgresql` has it not wait for its log, so that the last of it is gone then.
    """
    where = make_url(url).set(drivername="postgresql")
    connection = await asyncpg.connect(where.render_as_string(False))
    try:
        await connection.execute(f'ALTER DATABASE "{where.database}" SET synchronous_commit = on')
    finally:
        await connection.close()


def _settings(folder: Path, url: str, fake: FakeDiscord, origin: str) -> dict[str, Any]:
    return {
        "data_dir": str(folder / "data"), "database_url": url, "log_level": "WARNING",
        "silent_share": 0, "scores_to_compare": 1, "late_share": 10_000, "retrain_cron": "off",
        "backup_hours": 0, "board_horizon_minutes": 0.2, "board_guess_minutes": 0.1,
        "web_newcomers_an_hour": 100_000, "web_posts_a_day": 100_000, "web_hold_votes": False,
        "web_trusted_proxies": "127.0.0.1",
        "download_allow_hosts": "127.0.0.1", "tick_seconds": 2,
        "discord_token": fake.token, "discord_api_url": fake.api_url,
        "discord_gateway_url": fake.gateway_url,
        "reddit_client_id": CLIENT[0], "reddit_client_secret": CLIENT[1], "reddit_username": ME,
        "reddit_password": PASSWORD, "reddit_url": origin, "reddit_oauth_url": origin,
        "reddit_subreddits": ",".join(SUBREDDITS), "reddit_reply": "on",
        "reddit_replies_per_hour": 1_000_000, "reddit_reply_minutes": 360,
        "reddit_poll_seconds": 5,
    }  # fmt: skip


async def _play(folder: Path, url: str, arguments: argparse.Namespace) -> dict[str, Any]:
    starter = Starter()
    reddit = FakeReddit(lambda: datetime.now(UTC))
    for name in SUBREDDITS:
        reddit.subreddit(name)
    async with FakeDiscord(validate_late=True) as fake, serving(reddit) as origin:
        settings = _settings(folder, url, fake, origin)
        processes = []
        for number, roles in enumerate(ROLES):
            mine = settings | {"roles": roles}
            if "web" in roles:
                mine |= {"web_port": _free_port()}
            processes.append(Process(starter, mine, folder / f"{number}.log"))
        guild = fake.guild()
        world = World(
            discord=fake,
            channels=[fake.channel(guild, f"pictures-{number}") for number in range(CHANNELS)],
            person=fake.member(guild, "person"),
            reddit=reddit,
            database=make_url(url).set(drivername="postgresql").render_as_string(False),
            processes=processes,
            chance=random.Random(arguments.seed),
        )
        try:
            # One makes the tables and the first champion, so that no start waits for another.
            for process in processes:
                process.start()
                await asyncio.sleep(0 if arguments.short and process is not processes[0] else 2)
            await fake.until(lambda: fake.gateway.connected, "a connection", within=PATIENCE)
            admin = fake.member(guild, "admin", manage_guild=True)
            for channel in world.channels:
                await fake.slash(admin, channel, "watch")
            await _until(lambda: _boards_answer(world), "the boards")
            telling = asyncio.create_task(_tell_progress(world))
            counting = asyncio.create_task(_count_unanswered(world))
            mishaps = asyncio.create_task(_mishaps(world, arguments))
            await asyncio.gather(
                _post(world, arguments.posts // 3, mishaps, _post_on_discord),
                _post(world, arguments.posts // 3, mishaps, _post_on_reddit),
                _post(world, arguments.posts // 3, mishaps, _post_on_board),
            )
            await mishaps
            with contextlib.suppress(TimeoutError):
                await _until(lambda: _is_settled(world), "the end", within=PATIENCE)
            telling.cancel()
            counting.cancel()
            return await _count(world, arguments)
        finally:
            await asyncio.gather(*(process.end(signal.SIGTERM) for process in processes))
            starter.close()


async def _until(is_so: Callable[[], Awaitable[bool]], what: str, within: float = PATIENCE) -> None:
    async with asyncio.timeout(within):
        while not await is_so():  # noqa: ASYNC110 - it is elsewhere that it happens
            await asyncio.sleep(0.5)
    print(f"{datetime.now(UTC):%H:%M:%S} {what}", file=sys.stderr)


async def _boards_answer(world: World) -> bool:
    async with aiohttp.ClientSession() as session:
        for process in world.processes:
            if process.port is None:
                continue
            try:
                async with session.get(f"http://127.0.0.1:{process.port}/livez") as answer:
                    if answer.status != 200:
                        return False
            except aiohttp.ClientError:
                return False
    return True


async def _post(
    world: World,
    count: int,
    mishaps: "asyncio.Task[None]",
    post: Callable[[World, int], Awaitable[None]],
) -> None:
    """Post so many, spread over the mishaps; what is left when these are over comes at once."""
    numbers = iter(range(count))

    async def person() -> None:
        for number in numbers:
            await post(world, number)
            if not mishaps.done():
                await asyncio.sleep(world.chance.random())

    await asyncio.gather(*(person() for _ in range(min(PEOPLE, 1 + count // EACH))))


async def _post_on_discord(world: World, number: int) -> None:
    while world.unanswered["discord"] > UNANSWERED:  # noqa: ASYNC110 - it is elsewhere
        await asyncio.sleep(1)
    world.unanswered["discord"] += 1
    channel = world.chance.choice(world.channels)
    image = picture(number, 160, 120)
    world.on_discord.append(
        await world.discord.post_message(channel, world.person, attachments=[image])
    )


async def _post_on_reddit(world: World, number: int) -> None:
    # A listing holds the newest thousand: nobody finds what was pushed out of it.
    while world.unanswered["reddit"] > UNANSWERED:  # noqa: ASYNC110 - as above
        await asyncio.sleep(1)
    world.unanswered["reddit"] += 1
    data = world.reddit.post(world.chance.choice(SUBREDDITS), f"Picture {number}")
    world.on_reddit.append(data["id"])


async def _post_on_board(world: World, number: int) -> None:
    """Post as a browser does that tries again, at whichever board answers, until one says yes."""
    title = f"board {number}"
    key = f"{world.chance.getrandbits(128):032x}"
    boards = [process for process in world.processes if process.port is not None]
    jar = aiohttp.CookieJar(unsafe=True)
    limit = aiohttp.ClientTimeout(total=30)
    # As a proxy hands them on: from one address the board takes sixty posts a minute, no more.
    address = {"X-Forwarded-For": f"10.{number >> 8 & 255}.{number & 255}.1"}
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=limit, headers=address) as session:
        while True:
            origin = f"http://127.0.0.1:{world.chance.choice(boards).port}"
            try:
                async with session.get(f"{origin}/"):
                    pass
                async with session.post(
                    f"{origin}/posts",
                    data=upload(picture(10_000 + number, 160, 120), title, key),
                    headers={"Origin": origin, "Accept": "application/json"},
                ) as answer:
                    if answer.status < 300:
                        world.on_board.append(title)
                        return
                    world.refused[f"{answer.status}"] += 1
            except (aiohttp.ClientError, TimeoutError):
                world.refused["no answer"] += 1
            await asyncio.sleep(0.5)


async def _count_unanswered(world: World) -> None:
    while True:
        world.unanswered["discord"] = len(world.on_discord) - _answered_on_discord(world)
        world.unanswered["reddit"] = len(world.on_reddit) - _answered_on_reddit(world)
        await asyncio.sleep(2)


async def _tell_progress(world: World) -> None:
    """Say now and then how far everything is: what does not end is seen by where it stands."""
    while True:
        await asyncio.sleep(30)
        discord, reddit, labels = await _progress(world)
        print(
            f"{datetime.now(UTC):%H:%M:%S} answered: Discord {discord} of {len(world.on_discord)},"
            f" Reddit {reddit} of {len(world.on_reddit)}; labels of the board {labels} of"
            f" {len(world.on_board)}; refused {dict(world.refused)}",
            file=sys.stderr,
        )


async def _progress(world: World) -> tuple[int, int, int]:
    """Posts that were answered on Discord and Reddit, and labels of the board."""
    (row,) = await world.ask(
        "SELECT count(*) AS labels FROM labels JOIN posts ON posts.id = post_id"
        " WHERE platform = 'web'"
    )
    return (
        _answered_on_discord(world),
        _answered_on_reddit(world),
        row["labels"],
    )


def _answered_on_discord(world: World) -> int:
    return sum(bool(world.discord.replies_to(each)) for each in world.on_discord)


def _answered_on_reddit(world: World) -> int:
    comments = _comments(world)
    return sum(f"t3_{each}" in comments for each in world.on_reddit)


def _comments(world: World) -> Counter[str]:
    """How many comments of the bot people see, by what they are under."""
    return Counter(each["parent_id"] for each in world.reddit.own if each["author"] == ME)


async def _mishaps(world: World, arguments: argparse.Namespace) -> None:
    kinds: list[Callable[[World], Awaitable[None]]] = [
        *[_kill] * arguments.kills,
        *[_pause] * arguments.pauses,
        *[_restart] * arguments.restarts,
        *[_restart_database] * arguments.database_restarts,
    ]
    world.chance.shuffle(kinds)
    for mishap in kinds:
        await asyncio.sleep(world.chance.uniform(0.5, 2.5))
        _start_what_ended(world)
        print(f"{datetime.now(UTC):%H:%M:%S} {mishap.__name__}", file=sys.stderr)
        await mishap(world)
    _start_what_ended(world)


def _start_what_ended(world: World) -> None:
    """Do what systemd does: a start that meets a database which is being restarted has an end."""
    for process in world.processes:
        if not is_running(process.pid):
            process.start()
            world.ended += 1


async def _kill(world: World) -> None:
    """Kill one with SIGKILL; it is started again a moment later."""
    process = world.chance.choice(world.processes)
    watching = await _watch_leases(world, process.pid)
    await process.end(signal.SIGKILL)
    began = time.monotonic()
    await asyncio.sleep(world.chance.uniform(0.0, 2.0))
    process.start()
    await watching(began)


async def _pause(world: World) -> None:
    """Stop one without a word for longer than its leases last, and let it go on."""
    process = world.chance.choice(world.processes)
    watching = await _watch_leases(world, process.pid)
    os.kill(process.pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        await watching(began)
        await asyncio.sleep(max(0.0, PAUSE - (time.monotonic() - began)))
    finally:
        os.kill(process.pid, signal.SIGCONT)


async def _restart(world: World) -> None:
    """A rolling restart: every process is stopped in order and started again, one by one."""
    for process in world.processes:
        await process.end(signal.SIGTERM)
        process.start()
        await asyncio.sleep(0.5)


async def _watch_leases(world: World, pid: int) -> Callable[[float], Awaitable[None]]:
    """What waits until the leases of a process are another's, and notes how long that took."""

    async def owners() -> dict[str, tuple[str, int]]:
        query = "SELECT name, owner, fence FROM leases WHERE expires > 0"
        rows = [row for row in await world.ask(query) if not row["name"].startswith(SEATS)]
        return {row["name"]: (row["owner"], row["fence"]) for row in rows}

    had = {name: each for name, each in (await owners()).items() if f" {pid} " in each[0]}

    async def wait(began: float) -> None:
        left = dict(had)
        while left and time.monotonic() - began < 3 * BAR_TAKEOVER:
            now = await owners()
            for name, before in [*left.items()]:
                if name in now and now[name][0] != before[0] and now[name][1] > before[1]:
                    world.takeovers.append((name, round(time.monotonic() - began, 1)))
                    del left[name]
            await asyncio.sleep(0.2)
        world.takeovers += [(name, 999.0) for name in left]

    return wait


async def _restart_database(world: World) -> None:
    """Restart the server at once, without waiting for anybody."""
    (row,) = await world.ask("SHOW data_directory")
    await asyncio.to_thread(_restart_server, Path(row["data_directory"]))


def _restart_server(folder: Path) -> None:
    pid = int((folder / "postmaster.pid").read_text().split()[0])
    programs = Path(f"/proc/{pid}/exe").resolve().parent
    as_owner = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    command = [*as_owner, str(programs / "pg_ctl"), "-D", str(folder), "-m", "immediate", "-w",
               "-s", "-l", "/dev/null", "restart"]  # fmt: skip
    subprocess.run(command, check=True, cwd="/")


async def _is_settled(world: World) -> bool:
    """Whether nothing is left to be done."""
    there = len(world.on_discord), len(world.on_reddit), len(world.on_board)
    return await _progress(world) == there


async def _count(world: World, arguments: argparse.Namespace) -> dict[str, Any]:
    rows = await world.ask("SELECT platform, title, state, source_id FROM posts")
    labels = Counter(
        row["platform"]
        for row in await world.ask("SELECT platform FROM labels JOIN posts ON posts.id = post_id")
    )
    titles = Counter(row["title"] for row in rows if row["platform"] == "web")
    predicted = {row["title"] for row in rows if row["state"] not in ("seen", "refused")}
    stored = Counter(row["platform"] for row in rows)
    comments = _comments(world)
    answers = {
        "discord": [len(world.discord.replies_to(each)) for each in world.on_discord],
        "reddit": [comments[f"t3_{each}"] for each in world.on_reddit],
        "web": [titles[title] if title in predicted else 0 for title in world.on_board],
    }
    lost = sum(each.count(0) for each in answers.values())
    doubled = sum(number > 1 for each in answers.values() for number in each)
    unlabelled = len(world.on_board) - labels["web"]
    more = {name: stored[name] - len(answers[name]) for name in answers}
    slowest = max((took for _, took in world.takeovers), default=0.0)
    stops = sorted(took for process in world.processes for took in process.stops)
    return {
        "holds": not lost and not doubled and not unlabelled and not any(more.values())
        and slowest <= BAR_TAKEOVER and max(stops, default=0.0) <= BAR_STOP,
        "posts": {name: len(each) for name, each in answers.items()},
        "lost": lost, "doubled": doubled, "without_a_label": unlabelled, "stored_too_many": more,
        "kills": arguments.kills, "pauses": arguments.pauses,
        "rolling_restarts": arguments.restarts,
        "database_restarts": arguments.database_restarts,
        "starts": sum(process.starts for process in world.processes), "ended": world.ended,
        "takeovers": len(world.takeovers), "slowest_takeover_seconds": slowest,
        "stops": len(stops), "median_stop_seconds": round(statistics.median(stops or [0.0]), 1),
        "slowest_stop_seconds": round(max(stops, default=0.0), 1),
        "takeover_of": sorted(world.takeovers, key=lambda each: -each[1])[:8],
        "not_answered_at_once": dict(world.refused),
    }  # fmt: skip


def _free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
