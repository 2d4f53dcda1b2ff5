"""Reading scores on a network that tells of one post a request."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import cast

from bot.networks.network import Network, SeenPost
from bot.networks.scores import ScoreReader
from bot.platform import PlatformUnavailable, PostHidden, PostRef, ReadLater, ScoreRead
from tests.fakes.clock import FakeClock

WAIT = timedelta(minutes=7)


class Limited:
    """A network that answers three requests and asks for a break then; it hides the first post."""

    at_once, requests_at_once = 1, 60

    def __init__(self, clock: FakeClock) -> None:
        self.left = 3
        self._clock = clock

    async def look(self, posts: Sequence[str]) -> Mapping[str, SeenPost | None]:
        if not self.left:
            raise PlatformUnavailable("asked for fewer requests", WAIT)
        self.left -= 1
        (post,) = posts
        now = self._clock()
        read = ScoreRead(int(post), now)
        return {post: None if post == "1" else SeenPost(post, "ann", "", now, reading=read)}


async def test_what_was_read_before_a_limit_is_kept(clock: FakeClock) -> None:
    now = clock()
    posts = [PostRef(n, str(n), "memes@lemmy.test", now) for n in (1, 2, 3, 4, 5)]
    reader = ScoreReader(cast("Network", Limited(clock)), lambda _: None, clock=clock)
    found = await reader.read(posts)
    assert found == {
        1: PostHidden(),
        2: ScoreRead(2, now),
        3: ScoreRead(3, now),
        4: ReadLater(now + WAIT),
        5: ReadLater(now + WAIT),
    }
