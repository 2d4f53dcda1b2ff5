"""Reading scores on Lemmy, one request for each."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from bot.lemmy.client import LemmyClient
from bot.lemmy.scores import ScoreReader
from bot.platform import PlatformUnavailable, PostRef, ReadLater, ScoreRead
from tests.fakes.clock import FakeClock

INSTANCE = "https://lemmy.test"
WAIT = timedelta(minutes=7)


class Limited:
    """An instance that answers two requests and asks for a break then."""

    def __init__(self) -> None:
        self.left = 2

    async def post(self, post_id: int) -> Mapping[str, Any]:
        if not self.left:
            raise PlatformUnavailable("Lemmy asked for fewer requests", WAIT)
        self.left -= 1
        return {"post": {"id": post_id}, "counts": {"score": post_id}}


async def test_what_was_read_before_a_limit_is_kept(clock: FakeClock) -> None:
    now = clock()
    posts = [PostRef(n, f"{n}@lemmy.test", "memes@lemmy.test", now) for n in (1, 2, 3, 4)]
    client = cast("LemmyClient", Limited())
    reader = ScoreReader(client, lambda _: None, instance=INSTANCE, clock=clock)
    found = await reader.read(posts)
    assert [type(found[n]) for n in (1, 2, 3, 4)] == [ScoreRead, ScoreRead, ReadLater, ReadLater]
    third = found[3]
    assert isinstance(third, ReadLater)
    assert third == ReadLater(now + WAIT)
