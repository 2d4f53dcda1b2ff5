"""Attacks a running board, and watches what Discord's people notice of it.

    python -m benchmarks.attack_board [--short] [--seed 1]

Peoria runs as a process of its own, with the board and a loopback Discord, where people post all
the time. Against the board go, one after the other: a fuzzer of every route, connections that say
nothing or say it slowly, a flood of connections, readers at once, and one machine that votes as
many people; and the scanner wapiti, where it is installed (not with ``--short``, which takes less
than 50 s on two free cores). The last line is JSON; the exit status is 1 where something does not
hold.
"""

import argparse
import asyncio
import json
import re
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.discord_process import ROOT, environment, percentile, picture
from tests.fakes.discord import Channel, FakeDiscord, Member, Message

#: What must hold: bytes of log, seconds of the readers that are served, votes of one machine that
#: count on one post, and seconds within which Discord's people have their answer.
MOST_LOG, MOST_P95, MOST_VOTES, MOST_REPLY = 5 * 2**20, 2.0, 0, 10.0
#: How often somebody posts on Discord meanwhile, seconds.
_BETWEEN_POSTS = 1.5
_LINK = re.compile(rb"(http://\S+)/admin\?token=[\w-]+")
#: What a terminal would obey.
_CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass
class Size:
    """How much of everything."""

    requests: int
    held: int
    hold_seconds: float
    flood_seconds: float
    readers: int
    votes: int


WHOLE = Size(20_000, 1_050, 60.0, 20.0, 2_000, 1_000)
SHORT = Size(600, 1_050, 5.0, 2.0, 2_000, 20)


@dataclass
class Tally:
    """What was seen."""

    seen: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def expect(self, holds: bool, fault: str) -> None:
        """Note a fault unless something holds."""
        if not holds:
            self.faults.append(fault)


async def main() -> int:
    """Attack, print, and say whether everything held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="less of everything, under 50 s")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began = time.perf_counter()
    tally = Tally()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with FakeDiscord(validate_late=True) as fake:
            port = _free_port()
            env = environment(
                fake, folder / "data", PEORIA_WEB="true", PEORIA_WEB_PORT=str(port),
                PEORIA_LOG_LEVEL="INFO",
            )  # fmt: skip
            async with peoria(fake, env, folder / "log") as link:
                await attack(fake, link, tally, SHORT if arguments.short else WHOLE, arguments.seed)
        log = (folder / "log").read_bytes()
    tally.seen["log_bytes"] = len(log)
    tally.expect(len(log) <= MOST_LOG, f"the log has {len(log):,} bytes")
    tally.expect(not _CONTROL.search(log), "a control character is in the log")
    for fault in tally.faults:
        print(fault)
    answer = tally.seen | {
        "holds": not tally.faults,
        "faults": tally.faults,
        "seconds": round(time.perf_counter() - began, 1),
    }
    print(json.dumps(answer))
    return 1 if tally.faults else 0


async def attack(fake: FakeDiscord, link: str, tally: Tally, size: Size, seed: int) -> None:
    """Everything, one after the other, while people post on Discord."""
    url = link.partition("/admin")[0]
    admin = await become_admin(link)
    await post_on_board(url)
    guild = fake.guild()
    channel = fake.channel(guild, "pictures")
    person = fake.member(guild, "person")
    await fake.slash(fake.member(guild, "admin", manage_guild=True), channel, "watch")
    quiet = await replies_while(fake, channel, person, asyncio.sleep(3 * _BETWEEN_POSTS))
    tally.seen["discord_quiet"] = _figures(quiet)
    steps: dict[str, dict[str, Any]] = {
        "fuzz": {"count": size.requests, "seed": seed, "admin": admin},
        "hold": {"count": size.held, "seconds": size.hold_seconds},
        "connect": {"seconds": size.flood_seconds},
        "read": {"count": size.readers},
        "votes": {"count": size.votes},
    }
    for name, options in steps.items():
        began = time.perf_counter()
        seen: dict[str, Any] = {}

        async def step(name: str, options: dict[str, Any], seen: dict[str, Any]) -> None:
            seen |= await run_attack(url, name, options)

        replies = await replies_while(fake, channel, person, step(name, options, seen))
        seen["seconds"] = round(time.perf_counter() - began, 1)
        tally.seen[name] = seen | {"discord": _figures(replies)}
        slow = [each for each in replies if each > MOST_REPLY]
        tally.expect(not slow, f"during {name}, {len(slow)} posts on Discord waited too long")
        print(name, tally.seen[name])
    judge(tally)
    tally.seen["votes"]["counted"] = score = await score_on_board(url)
    tally.expect(score <= MOST_VOTES, f"{score} votes of one machine count")
    tally.seen["scanner"] = "not in --short" if size is SHORT else await scan(url, 240, tally)
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        tally.expect(answer.status == 200, f"in the end the board answers {answer.status}")


def judge(tally: Tally) -> None:
    """Hold what the attacks saw against what must hold."""
    for name in ("fuzz", "read"):
        bad = {
            status: count
            for status, count in tally.seen[name]["statuses"].items()
            if status.startswith("5") and status != "503"
        }
        tally.expect(not bad, f"{name} was answered with {bad}: {tally.seen[name].get('failed')}")
    readers = tally.seen["read"]
    tally.expect(bool(readers["served"]), "no reader was served")
    tally.expect((readers["p95_seconds"] or 0) < MOST_P95, f"p95 is {readers['p95_seconds']} s")
    tally.expect("503 without Retry-After" not in readers, "a 503 does not say when to come back")


async def replies_while(
    fake: FakeDiscord, channel: Channel, person: Member, work: Any
) -> list[float]:
    """How long people on Discord waited for their answers while ``work`` went on, seconds."""
    posts: list[Message] = []

    async def post() -> None:
        while True:
            data = picture(len(fake.messages(channel)), 320, 240)
            posts.append(await fake.post_message(channel, person, attachments=[data]))
            await asyncio.sleep(_BETWEEN_POSTS)

    posting = asyncio.create_task(post())
    try:
        await work
    finally:
        posting.cancel()
        with suppress(asyncio.CancelledError):
            await posting
    await fake.until(lambda: all(map(fake.replies_to, posts)), "every answer", within=60)
    return [(fake.replies_to(each)[0].sent_at - each.sent_at).total_seconds() for each in posts]


def _figures(seconds: list[float]) -> dict[str, float]:
    return {
        "posts": len(seconds),
        "p50": round(percentile(seconds, 0.5), 2),
        "worst": round(max(seconds), 2),
    }


async def run_attack(url: str, name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Carry an attack out in a process of its own; what it saw."""
    words = [f"--{key}={value}" for key, value in options.items()]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.board_attacks", url, name, *words, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the attack {name} itself failed")
    seen: dict[str, Any] = json.loads(out.splitlines()[-1])
    return seen


async def become_admin(link: str) -> str:
    """Open the link that Peoria printed; the admin's cookie."""
    async with aiohttp.ClientSession() as session, session.get(link) as answer:
        return f"admin={answer.cookies['admin'].value}"


async def post_on_board(url: str) -> None:
    """A post that can be voted on, with the number 1."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, headers={"Origin": url}) as session:
        async with session.get(url):
            pass
        form = aiohttp.FormData({"title": "A picture"}, default_to_multipart=True)
        form.add_field("image", picture(1), filename="picture.jpg")
        async with session.post(f"{url}/posts", data=form) as answer:
            answer.raise_for_status()


async def score_on_board(url: str) -> int:
    """The score of that post."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/posts/1.json") as answer:
        content = await answer.json()
        return int(content["votes"]["score"])


async def scan(url: str, seconds: int, tally: Tally) -> str:
    """Have a scanner of others look for holes, where one is installed."""
    tool = shutil.which("wapiti")
    if tool is None:
        return "none is installed (pip install wapiti3)"
    with tempfile.TemporaryDirectory() as name:
        report = Path(name) / "report.json"
        process = await asyncio.create_subprocess_exec(
            tool, "-u", url + "/", "-f", "json", "-o", str(report), "--flush-session",
            "--max-scan-time", str(seconds), "--max-attack-time", str(max(seconds // 6, 5)),
            "-v", "0", "--no-bugreport", "--store-session", name, "--store-config", name,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(seconds + 60):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        if not report.exists():
            return "wapiti made no report"
        found = json.loads(report.read_text())
    holes = {kind: len(each) for kind, each in found["vulnerabilities"].items() if each}
    # It speaks to the board without TLS here, where a cookie with that flag would never come back.
    holes.pop("Secure Flag cookie", None)
    tally.expect(not holes, f"wapiti found {holes}")
    faults = {kind: len(each) for kind, each in found.get("anomalies", {}).items() if each}
    return (
        f"wapiti {found['infos']['version']}: {holes or 'no hole'}; anomalies: {faults or 'none'}"
    )


@asynccontextmanager
async def peoria(fake: FakeDiscord, env: dict[str, str], log: Path) -> AsyncIterator[str]:
    """`main.py run` with its log in a file; the link that makes somebody the board's admin."""
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "main.py", "run", cwd=ROOT, env=env, stderr=file
        )
        try:
            await fake.ready()
            async with asyncio.timeout(30):
                link = await asyncio.to_thread(_find_link, log)
            yield link
            if process.returncode is not None:
                raise RuntimeError(f"Peoria ended by itself: {process.returncode}")
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


def _find_link(log: Path) -> str:
    while not (link := _LINK.search(log.read_bytes())):
        time.sleep(0.1)
    return link[0].decode()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
