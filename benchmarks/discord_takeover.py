"""Two processes on one PostgreSQL database and one loopback Discord: the one that serves is killed.

    .ci/with-postgresql .venv/bin/python -m benchmarks.discord_takeover [--kills 3]

An image is posted, the process that serves is killed with SIGKILL, another image is posted, and the
process that waited answers it; a new one is started in the dead one's place. The last line is
JSON; the exit status is 1 where a post was not answered exactly once.
"""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from asyncio.subprocess import Process
from pathlib import Path

from benchmarks.discord_process import ROOT, environment, picture
from tests.fakes.discord import FakeDiscord, Message
from tests.fixtures import postgresql

#: For how long an answer is waited for, seconds.
PATIENCE = 180.0


def main() -> int:
    """Kill, look, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, postgresql.made_database() as url:
        found = asyncio.run(_play(Path(name) / "data", url, arguments.kills))
    print(json.dumps(found))
    return 0 if found["holds"] else 1


async def _play(data_dir: Path, url: str, kills: int) -> dict[str, object]:
    async with FakeDiscord(validate_late=True) as fake:
        env = environment(fake, data_dir, PEORIA_DATABASE_URL=url)
        guild = fake.guild()
        channel, person = fake.channel(guild, "pictures"), fake.member(guild, "person")
        processes = [await _start(env)]
        try:
            await fake.until(lambda: fake.gateway.connected, "a connection", within=PATIENCE)
            await fake.slash(fake.member(guild, "admin", manage_guild=True), channel, "watch")
            processes.append(await _start(env))
            posts: list[Message] = []
            takeovers = []

            async def post() -> None:
                posts.append(
                    await fake.post_message(
                        channel, person, attachments=[picture(len(posts), 160, 120)]
                    )
                )

            async def all_are_answered() -> None:
                await fake.until(
                    lambda: all(fake.replies_to(each) for each in posts),
                    "an answer",
                    within=PATIENCE,
                )

            await post()
            await all_are_answered()
            for _ in range(kills):
                # Time for the second one to find that another serves.
                await asyncio.sleep(15)
                killed = processes.pop(0)
                await post()
                killed.send_signal(signal.SIGKILL)
                await killed.wait()
                began = time.perf_counter()
                await post()
                await all_are_answered()
                takeovers.append(round(time.perf_counter() - began, 1))
                processes.append(await _start(env))
            answers = [len(fake.replies_to(each)) for each in posts]
        finally:
            for each in processes:
                each.terminate()
            await asyncio.gather(*(each.wait() for each in processes))
    return {
        "holds": set(answers) == {1},
        "posts": len(posts),
        "answered_once": answers.count(1),
        "kills": kills,
        "takeover_seconds": takeovers,
    }


async def _start(env: dict[str, str]) -> Process:
    return await asyncio.create_subprocess_exec(sys.executable, "main.py", "run", cwd=ROOT, env=env)


if __name__ == "__main__":
    sys.exit(main())
