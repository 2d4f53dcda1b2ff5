"""Scores that were read are noted, and labels written from them."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from bot.labels.first_scores import LabelRules, label_or_wait
from bot.labels.growth import Heading
from bot.labels.measures import keep_measures, measured
from bot.labels.nowcast import Nowcaster
from bot.labels.readings import AgedScore, late_by, next_reading_at, reading_at, score_at_horizon
from bot.league.guesses import close_at_score
from bot.leases import LeaseLost
from bot.platform import ScoreRead
from bot.runtime.clock import Clock
from bot.serving.number_format import duration
from models.growth_curves import GrowthCurves
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS, Scopes, community_scope
from storage.engine.upsert import insert_unless_there
from storage.queries.labels import last_scores_before
from storage.queries.posts import load_posts, move_posts
from storage.tables import Nowcast, Post, Snapshot
from storage.types import Measure, PlatformName, PostRefusal, PostState

log = logging.getLogger(__name__)

#: Scores of one community that are noted in one transaction.
TOGETHER = 25
#: Communities whose scores are noted at the same time.
SIDE_BY_SIDE = 8

#: What a post becomes whose final score nobody knows.
MISSED: Mapping[str, Any] = {
    "state": PostState.REFUSED,
    "refusal_code": PostRefusal.SCORE_MISSED,
    "due_at": None,
}

#: Its score was read: looks in vain are counted anew.
_FOUND: Mapping[str, Any] = {"tries": 0, "hidden_looks": 0}


@dataclass(frozen=True, slots=True)
class _Understood:
    """A score that was read, and what it means for its post.

    Attributes:
        age: of the post when its score was read, seconds.
        reading: which of the community's readings it is; None: none.
        step: what becomes of the post, as values of its row.
        heading: where its score is going, as a second look says.
        labels: whether a label follows.
    """

    post: Post
    read: ScoreRead
    age: float
    reading: int | None
    step: dict[str, Any]
    heading: Heading | None
    labels: bool

    def is_too_late(self, late_share: float) -> bool:
        """Whether the post was refused for that alone."""
        refused = self.step.get("state") is PostState.REFUSED
        return refused and late_by(self.age, self.post.community.horizon_seconds) > late_share


class ScoreRecorder:
    """Notes scores that were read, and writes labels at the horizon.

    Args:
        rules: what labels are written by.
        late_share: how late the final score may be read, as a share of the horizon.
        curves: growth curves of platforms that have them, for second looks.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        rules: LabelRules,
        late_share: float,
        curves: Mapping[PlatformName, GrowthCurves] | None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._rules = rules
        self._late_share = late_share
        self._second_looks = Nowcaster(database, curves)

    async def record(self, readings: Sequence[tuple[Post, ScoreRead]]) -> list[Post]:
        """Record scores: communities side by side, those of one in order, several at a time.

        Returns the posts whose score could not be recorded: what fails for one ends nothing else.

        Raises:
            LeaseLost: another process has the right to it now.
        """
        failed: list[Post] = []
        lost: list[LeaseLost] = []
        by_community: defaultdict[int, list[tuple[Post, ScoreRead]]] = defaultdict(list)
        for post, read in readings:
            by_community[post.community_id].append((post, read))
        room = asyncio.Semaphore(SIDE_BY_SIDE)

        async def record_community(of_one: Sequence[tuple[Post, ScoreRead]]) -> None:
            async with room:
                for start in range(0, len(of_one), TOGETHER):
                    failed.extend(await self._record_some(of_one[start : start + TOGETHER]))

        async def until_lost(of_one: Sequence[tuple[Post, ScoreRead]]) -> None:
            try:
                await record_community(of_one)
            except LeaseLost as error:
                lost.append(error)

        await asyncio.gather(*(until_lost(each) for each in by_community.values()))
        if lost:
            raise lost[0]
        return failed

    async def _record_some(self, readings: Sequence[tuple[Post, ScoreRead]]) -> list[Post]:
        """Record a few scores of one community together, or else one by one; the failed ones."""
        if await self._recorded(readings):
            return []
        if len(readings) == 1:
            return [readings[0][0]]
        return [each[0] for each in readings if not await self._recorded([each])]

    async def _recorded(self, readings: Sequence[tuple[Post, ScoreRead]]) -> bool:
        """Record scores of one community; return whether that worked. All are, or none is."""
        try:
            await self._record(readings)
        except LeaseLost:
            raise
        except Exception:
            ids = ", ".join(str(post.id) for post, _ in readings)
            log.exception("Scores could not be recorded, and are tried again: posts %s.", ids)
            return False
        return True

    async def _record(self, readings: Sequence[tuple[Post, ScoreRead]]) -> None:
        """Store scores that were read; at the horizon write the label, or refuse to."""
        found = [await self._understand(post, read) for post, read in readings]

        labels = any(each.labels for each in found)
        scopes: Scopes = [community_scope(readings[0][0].community_id)] if labels else ITS_ROWS
        noted = await self._database.run_write(partial(self._note, found), alone_in=scopes)
        for each in noted:
            if each.is_too_late(self._late_share):
                horizon = each.post.community.horizon_seconds
                late = duration(timedelta(seconds=each.age - horizon))
                log.warning(
                    "Post %s gets no label: its score was read %s late.", each.post.id, late
                )

    async def _understand(self, post: Post, read: ScoreRead) -> _Understood:
        """What a score says of a post, and what becomes of it."""
        horizon, early = post.community.horizon_seconds, post.community.readings
        age = max((read.at - post.posted_at).total_seconds(), 0.0)
        reading = reading_at(age, horizon, early)
        final = reading == horizon
        step = self._next_step(post, read, age, final=final)
        heading = None
        if reading is not None and not final and post.community.measure is Measure.SCORE:
            heading = await self._second_looks.look(
                post.community, reading, age, read.score, self._clock(),
                post_id=post.id, comments=read.comments, upvote_ratio=read.upvote_ratio,
            )  # fmt: skip
        labels = final and "state" not in step
        return _Understood(post, read, age, reading, step, heading, labels)

    def _note(self, found: Sequence[_Understood], session: Session) -> list[_Understood]:
        """Note scores of one community in a transaction; those whose post still waited for it."""
        steps = {each.post.id: each.step for each in found}
        moved = move_posts(session, PostState.AWAITING_SCORE, steps)
        noted = [each for each in found if each.post.id in moved]
        self._keep_readings(session, noted)
        for each in noted:
            post, read = each.post, each.read
            close_at_score(session, post.id, post.community.guess_score, read.score, read.at)
        final = [each for each in noted if each.labels]
        if final:
            self._label(session, final)
        return noted

    def _next_step(self, post: Post, read: ScoreRead, age: float, *, final: bool) -> dict[str, Any]:
        """What becomes of a post whose score was read, as values of its row."""
        horizon = post.community.horizon_seconds
        if not final:
            early = post.community.readings
            due_at = next_reading_at(post.posted_at, horizon, self._clock(), early)
            return {"due_at": due_at, **_FOUND}
        if late_by(age, horizon) > self._late_share:
            return {**MISSED}
        if measured(read, post.community.measure) is None:
            what = post.community.measure.value
            log.warning("Post %s gets no label: its platform tells no %s.", post.id, what)
            return {**MISSED}
        return {"due_at": None, **_FOUND}

    def _keep_readings(self, session: Session, noted: Sequence[_Understood]) -> None:
        readings = [
            {
                "post_id": each.post.id,
                "reading": each.reading,
                "age_seconds": each.age,
                "taken_at": each.read.at,
                "score": each.read.score,
                "comments": each.read.comments,
                "upvote_ratio": each.read.upvote_ratio,
            }
            for each in noted
            if each.reading is not None
        ]
        if readings:
            session.execute(insert_unless_there(session, Snapshot), readings)
        looks = [
            {
                "post_id": each.post.id,
                "reading": each.reading,
                "made_at": self._clock(),
                "score_p10": each.heading.low,
                "score_median": each.heading.median,
                "score_p90": each.heading.high,
            }
            for each in noted
            if each.heading is not None
        ]
        if looks:
            session.execute(insert_unless_there(session, Nowcast), looks)

    def _label(self, session: Session, final: Sequence[_Understood]) -> None:
        posts = load_posts(session, [each.post.id for each in final])
        horizon = posts[0].community.horizon_seconds
        before = last_scores_before(session, [post.id for post in posts], horizon)
        at_horizon: list[tuple[Post, ScoreRead, float]] = []
        scores: list[tuple[Post, float]] = []
        for post, each in zip(posts, final, strict=True):
            last = before.get(post.id)
            now = AgedScore(each.age, each.read.score)
            score = score_at_horizon(last and AgedScore(*last), now, horizon)
            at_horizon.append((post, each.read, score))
            measure = post.community.measure
            value = score if measure is Measure.SCORE else measured(each.read, measure)
            assert value is not None  # noqa: S101 - who could not be measured got no label
            scores.append((post, value))
        keep_measures(session, at_horizon)
        label_or_wait(session, scores, rules=self._rules, now=self._clock())
