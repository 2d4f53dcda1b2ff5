"""The platform of the made-up community. Its replies stay when Peoria's process is killed."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from bot.platform import PlatformUnavailable, PostGone, PostRef, PostRemoved, Reading, ScoreRead
from bot.runtime.clock import Clock
from bot.serving.forecast import Card, Ending
from bot.simulation.community import HORIZON, MadePost, World
from bot.simulation.truth import LIFT, grown, score_of
from storage.types import PlatformName

#: Spread of a score that is read before any votes came, of the logarithm; it shrinks to nothing
#: at the horizon.
NOISE = 0.3


@dataclass(frozen=True, slots=True)
class SeenReply:
    """A reply as people see it."""

    reply_id: str
    at: datetime


class SimulatedPlatform:
    """Keeps replies and gives scores.

    Args:
        world: what is posted, and when the platform is away.
        path: where replies are kept, a line each, written before Peoria gets their id.
    """

    name = PlatformName.REDDIT

    def __init__(self, world: World, path: Path, clock: Clock) -> None:
        self._world = world
        self._clock = clock
        self.replies: dict[str, SeenReply] = {}
        #: Posts that were replied to more than once: an error.
        self.doubled: list[str] = []
        self.announced: list[str] = []
        if path.exists():
            content = path.read_bytes()
            whole = content[: content.rfind(b"\n") + 1]
            # Peoria never got the id of a reply whose line was cut short.
            os.truncate(path, len(whole))
            for line in whole.splitlines():
                kept = json.loads(line)
                self._keep(kept["post"], kept["reply"], datetime.fromisoformat(kept["at"]))
        self._file = path.open("a", encoding="utf-8")

    async def start(self) -> None:
        """Do nothing: the simulation hands posts in."""

    async def stop(self) -> None:
        """Close the file of replies."""
        self._file.close()

    async def reply(self, post: PostRef, card: Card, *, sent_before: bool) -> str:
        """Keep the reply, once."""
        self._check_away()
        made = self._world.by_source_id[post.source_id]
        if _is_deleted(made, self._clock()):
            raise PostGone
        if sent_before and post.source_id in self.replies:
            return self.replies[post.source_id].reply_id
        reply_id = f"reply to {post.source_id}"
        now = self._clock()
        line = {"post": post.source_id, "reply": reply_id, "at": now.isoformat()}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._keep(post.source_id, reply_id, now)
        return reply_id

    async def withdraw(self, post: PostRef, reply_id: str | None) -> None:
        """Do nothing: the reply is deleted with its post."""
        self._check_away()

    async def announce(
        self, text: str, community_source_id: str | None, *, told_since: datetime | None
    ) -> None:
        """Keep what admins are told."""
        self._check_away()
        self.announced.append(text)

    async def settle(self, post: PostRef, reply_id: str, outcome: Ending) -> None:
        """Do nothing: the outcome changes no votes."""
        self._check_away()

    async def read_scores(self, posts: Sequence[PostRef]) -> Mapping[int, Reading]:
        """The scores of this moment; some posts cannot be read for a while."""
        self._check_away()
        now = self._clock()
        readings: dict[int, Reading] = {}
        for post in posts:
            made = self._world.by_source_id[post.source_id]
            if _is_deleted(made, now):
                readings[post.post_id] = PostRemoved()
            elif made.unread is None or not made.unread[0] <= now < made.unread[1]:
                readings[post.post_id] = ScoreRead(self.score(made, now), now)
        return readings

    def score(self, made: MadePost, moment: datetime) -> int:
        """The score of a post at a moment: early ones are noisy, the one at the horizon is not."""
        age = (moment - made.posted_at).total_seconds()
        share = grown(age, HORIZON, made.pace)
        rng = np.random.default_rng([self._world.seed, 3, made.number, int(age)])
        noise = rng.normal(0, NOISE * max(0.0, 1 - share))
        votes = math.exp(made.expected + made.luck + noise)
        return score_of(votes * (share + self._lifted(made, share)))

    def lift(self, made: MadePost) -> float:
        """What the reply, as it was made, multiplies the votes at the horizon by."""
        return 1 + self._lifted(made, 1.0)

    def _lifted(self, made: MadePost, share: float) -> float:
        """Votes that came since the reply are lifted by it."""
        reply = self.replies.get(made.source_id)
        if reply is None:
            return 0.0
        before = grown((reply.at - made.posted_at).total_seconds(), HORIZON, made.pace)
        return (LIFT - 1) * max(0.0, share - before)

    def _keep(self, source_id: str, reply_id: str, at: datetime) -> None:
        if source_id in self.replies:
            self.doubled.append(source_id)
        self.replies[source_id] = SeenReply(reply_id, at)

    def _check_away(self) -> None:
        if any(period.holds(self._clock()) for period in self._world.away):
            raise PlatformUnavailable("the simulated platform is away")


def _is_deleted(made: MadePost, moment: datetime) -> bool:
    return made.deleted_at is not None and made.deleted_at <= moment
