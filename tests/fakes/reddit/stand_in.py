"""A Reddit to try Peoria on, with nobody's account: people post, vote and guess.

    python -m tests.fakes.reddit.stand_in [--port 8099] [--every 20]

Prints the settings that lead there. Ctrl-C ends it.
"""

import argparse
import asyncio
import math
import random

from aiohttp import web

from bot.runtime.clock import now
from tests.fakes.reddit.server import CLIENT, PASSWORD, FakeReddit
from tests.fakes.reddit.world import ME

SETTINGS = """\
PEORIA_REDDIT_URL={origin}
PEORIA_REDDIT_OAUTH_URL={origin}
PEORIA_REDDIT_CLIENT_ID={client[0]}
PEORIA_REDDIT_CLIENT_SECRET={client[1]}
PEORIA_REDDIT_USERNAME={me}
PEORIA_REDDIT_PASSWORD={password}
PEORIA_REDDIT_SUBREDDITS=aww
PEORIA_DOWNLOAD_ALLOW_HOSTS=127.0.0.1
"""


#: The wiki page of r/aww, as its moderator wrote it.
PAGE = "replies: on\nguesses: on\nleaderboard: sticky\n"


async def live(reddit: FakeReddit, every: float) -> None:
    """A post every so often; all scores grow."""
    chance = random.Random(1)  # noqa: S311
    told = 0
    while True:
        fame = chance.lognormvariate(3, 1.5)
        reddit.post("aww", f"Cat {chance.randrange(1000)}", fame=fame)
        for post in reddit.subreddit("aww").posts:
            hours = (now().timestamp() - post["created_utc"]) / 3600
            post["score"] = 1 + round(post.get("fame", 10) * (1 - math.exp(-hours / 5)))
        newest = reddit.subreddit("aww").posts[0]
        reddit.comment(newest["name"], f"!guess {chance.choice(('low', 'medium', 'high'))}")
        for said in reddit.modmail_of()[told:]:
            print(f"Modmail of r/aww: {said}", flush=True)
        told = len(reddit.modmail_of())
        await asyncio.sleep(every)


async def run(port: int, every: float) -> None:
    reddit = FakeReddit(now)
    reddit.remaining, reddit.reset = 100_000, 600
    runner = web.AppRunner(reddit.app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    reddit.origin = f"http://127.0.0.1:{port}"
    reddit.make_moderator("aww", "mod")
    reddit.make_moderator("aww", ME)
    reddit.write_wiki("aww", PAGE)
    reddit.modmail("aww", "mod", "status")
    for days in range(120, 0, -1):
        # The past, for a back-fill.
        created = now().timestamp() - days * 6 * 3600
        reddit.post("aww", f"Old cat {days}", created_utc=created, fame=random.lognormvariate(3, 1))
    print(SETTINGS.format(origin=reddit.origin, client=CLIENT, me=ME, password=PASSWORD))
    await live(reddit, every)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--every", type=float, default=20.0, help="seconds between posts")
    arguments = parser.parse_args()
    asyncio.run(run(arguments.port, arguments.every))
