"""From votes to labels: readings that are due, the label at the horizon, and what it scores."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypedDict

from sqlalchemy.orm import Session

from bot.duty import by_right_of, communities_of_others
from bot.labels.absence import ask_again_at, look_again_at, was_never_in_sight
from bot.labels.first_scores import LabelRules, label_or_wait, label_waiting
from bot.labels.growth import Heading
from bot.labels.imageless import ImagelessScores
from bot.labels.measures import keep_measures, measured
from bot.labels.nowcast import Nowcaster
from bot.labels.readings import AgedScore, late_by, next_reading_at, reading_at, score_at_horizon
from bot.league.guesses import close_at_score
from bot.leases import LeaseLost
from bot.platform import (
    Platform,
    PlatformUnavailable,
    PostHidden,
    PostRemoved,
    ReadLater,
    ScoreRead,
    ScoreUnknown,
    post_ref,
)
from bot.runtime.clock import Clock
from bot.serving.number_format import duration
from models.growth_curves import GrowthCurves
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS, LABELS, Scopes, community_scope
from storage.engine.upsert import insert_if_new
from storage.queries.labels import last_score_before
from storage.queries.posts import due_posts, load_post, load_posts, move_post
from storage.queries.waiting_scores import communities_that_wait
from storage.tables import Nowcast, Post, Snapshot
from storage.types import Measure, PlatformName, PostRefusal, PostState

log = logging.getLogger(__name__)

#: Posts that are read together: what Reddit answers in one request.
BATCH = 100

#: How long to wait before a score that could not be read is asked for again.
RETRY = timedelta(minutes=1)

#: What a post becomes whose final score nobody knows.
_MISSED: Mapping[str, Any] = {
    "state": PostState.REFUSED,
    "refusal_code": PostRefusal.SCORE_MISSED,
    "due_at": None,
}

#: Its score was read: looks in vain are counted anew.
_FOUND: Mapping[str, Any] = {"tries": 0, "hidden_looks": 0}


class _Times(TypedDict):
    posted_at: datetime
    horizon: timedelta
    late_share: float


class LabelCollector:
    """Reads the scores that are due and writes labels from them.

    Args:
        rules: what labels are written by.
        late_share: how late the final score may be read, as a share of the horizon.
        curves: growth curves of platforms that have them, for second looks.
    """

    def __init__(
        self,
        database: Database,
        platforms: Mapping[PlatformName, Platform],
        *,
        clock: Clock,
        rules: LabelRules | None = None,
        late_share: float = 0.5,
        curves: Mapping[PlatformName, GrowthCurves] | None = None,
    ) -> None:
        self._database = database
        self._platforms = platforms
        self._clock = clock
        self._rules = rules or LabelRules()
        self._late_share = late_share
        self._second_looks = Nowcaster(database, curves)
        self._imageless = ImagelessScores(database, platforms, clock=clock, late_share=late_share)

    async def read_due(self) -> int:
        """Read every score that is due, write the labels that follow; return how many posts."""
        posts = await self._due(PostState.AWAITING_SCORE)
        by_platform: defaultdict[PlatformName, list[Post]] = defaultdict(list)
        for post in posts:
            by_platform[post.platform].append(post)
        for name, batch in by_platform.items():
            try:
                with by_right_of(self._platforms, name):
                    await self._read(name, batch)
            except LeaseLost as error:
                log.info("Scores on %s are left to another process: %s.", name.value, error)
            except Exception:
                # The longest waiting come first: what fails must not keep the others waiting.
                log.exception("Scores on %s could not be read; they are tried again.", name.value)
                await self._ask_again(batch)
        await self._label_waiting()
        return len(posts) + await self._imageless.read_due()

    async def _label_waiting(self) -> None:
        """Write the labels of first scores, in communities that have enough to compare them."""
        for community_id in await self._database.run_read(communities_that_wait):
            label = partial(
                label_waiting, community_id=community_id, rules=self._rules, now=self._clock()
            )
            try:
                while await self._database.run_write(label, alone_in=_labels_of(community_id)):
                    pass
            except Exception:
                log.exception("First scores of community %s could not be labelled.", community_id)

    async def _due(self, state: PostState) -> list[Post]:
        """Posts in a state whose next step is due, loaded whole."""
        now = self._clock()

        def load(session: Session) -> list[Post]:
            ids = due_posts(
                session,
                [state],
                now=now,
                limit=BATCH,
                without_communities=communities_of_others(session, self._platforms),
            )
            return load_posts(session, ids)

        return await self._database.run_read(load)

    async def _read(self, name: PlatformName, posts: Sequence[Post]) -> None:
        platform = self._platforms.get(name)
        if platform is None:
            # The platform is switched off; its posts wait for it.
            await self._ask_again(posts)
            return
        try:
            readings = await platform.read_scores([post_ref(post) for post in posts])
        except PlatformUnavailable as error:
            log.info("Scores on %s cannot be read now (%s).", name.value, error)
            await self._ask_again(posts)
            return
        later: dict[int, datetime] = {}
        unanswered: list[Post] = []
        for post in posts:
            match readings.get(post.id):
                case ScoreRead() as read:
                    if not await self._recorded(post, read):
                        unanswered.append(post)
                case PostRemoved():
                    await self._withdraw(post)
                case PostHidden() | ScoreUnknown() as hidden:
                    await self._wait_for(post, hidden)
                case ReadLater(until):
                    later[post.id] = until
                case None:
                    unanswered.append(post)
        await self._retry_later(later)
        await self._ask_again_or_end(unanswered)

    async def _ask_again_or_end(self, posts: Sequence[Post]) -> None:
        """Ask again for readings that got no answer, until they would come too late."""
        later: dict[int, datetime] = {}
        for post in posts:
            until = ask_again_at(self._clock(), **self._times(post))
            if until is None:
                await self._give_up(post, "it was asked for in vain until the end")
            else:
                later[post.id] = until
        await self._retry_later(later)

    async def _ask_again(self, posts: Sequence[Post]) -> None:
        await self._retry_later({post.id: self._clock() + RETRY for post in posts})

    async def _retry_later(self, later: Mapping[int, datetime]) -> None:
        if not later:
            return

        def move(session: Session) -> None:
            for post_id, until in sorted(later.items()):
                move_post(session, post_id, PostState.AWAITING_SCORE, due_at=until)

        await self._database.run_write(move, alone_in=ITS_ROWS)

    async def _wait_for(self, post: Post, reading: PostHidden | ScoreUnknown) -> None:
        """Look again for what cannot be told, for as long as the label can be had."""
        until = look_again_at(self._clock(), post.tries, **self._times(post))
        hidden = isinstance(reading, PostHidden)
        if until is not None:
            step: dict[str, Any] = {
                "due_at": until,
                "tries": post.tries + 1,
                "hidden_looks": post.hidden_looks + hidden,
            }
            await self._database.run_write(
                lambda session: move_post(session, post.id, PostState.AWAITING_SCORE, **step),
                alone_in=ITS_ROWS,
            )
        elif hidden and was_never_in_sight(tries=post.tries, hidden_looks=post.hidden_looks):
            log.info("Post %s was out of sight until it was too late for a label.", post.id)
            await self._withdraw(post)
        else:
            await self._give_up(post, "it could not be told until the end")

    def _times(self, post: Post) -> _Times:
        return {
            "posted_at": post.posted_at,
            "horizon": timedelta(seconds=post.community.horizon_seconds),
            "late_share": self._late_share,
        }

    async def _give_up(self, post: Post, why: str) -> None:
        """There will be no label, and the post stands: its reply says so."""
        log.info("Post %s gets no label. Of its score: %s.", post.id, why)
        await self._database.run_write(
            lambda session: move_post(session, post.id, PostState.AWAITING_SCORE, **_MISSED),
            alone_in=ITS_ROWS,
        )

    async def _withdraw(self, post: Post) -> None:
        await self._database.run_write(
            lambda session: move_post(
                session, post.id, PostState.AWAITING_SCORE, state=PostState.WITHDRAWN, due_at=None
            ),
            alone_in=ITS_ROWS,
        )

    async def _recorded(self, post: Post, read: ScoreRead) -> bool:
        """Record a score; return whether that worked. What fails for one post ends nothing else."""
        try:
            await self._record(post, read)
        except LeaseLost:
            raise
        except Exception:
            log.exception("The score of post %s could not be recorded; tried again.", post.id)
            return False
        return True

    async def _record(self, post: Post, read: ScoreRead) -> None:
        """Store a score that was read; at the horizon write the label, or refuse to."""
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

        def note(session: Session) -> bool:
            if not move_post(session, post.id, PostState.AWAITING_SCORE, **step):
                return False
            if reading is not None:
                self._keep_reading(session, post.id, read, reading, age, heading)
            close_at_score(session, post.id, post.community.guess_score, read.score, read.at)
            if labels:
                self._label(session, post.id, read, age)
            return True

        scopes = _labels_of(post.community_id) if labels else ITS_ROWS
        if not await self._database.run_write(note, alone_in=scopes):
            return
        if step.get("state") is PostState.REFUSED and late_by(age, horizon) > self._late_share:
            late = duration(timedelta(seconds=age - horizon))
            log.warning("Post %s gets no label: its score was read %s late.", post.id, late)

    def _next_step(self, post: Post, read: ScoreRead, age: float, *, final: bool) -> dict[str, Any]:
        """What becomes of a post whose score was read, as values of its row."""
        horizon = post.community.horizon_seconds
        if not final:
            early = post.community.readings
            due_at = next_reading_at(post.posted_at, horizon, self._clock(), early)
            return {"due_at": due_at, **_FOUND}
        if late_by(age, horizon) > self._late_share:
            return {**_MISSED}
        if measured(read, post.community.measure) is None:
            what = post.community.measure.value
            log.warning("Post %s gets no label: its platform tells no %s.", post.id, what)
            return {**_MISSED}
        return {"due_at": None, **_FOUND}

    def _keep_reading(
        self,
        session: Session,
        post_id: int,
        read: ScoreRead,
        reading: int,
        age: float,
        heading: Heading | None,
    ) -> None:
        insert_if_new(
            session,
            Snapshot,
            post_id=post_id,
            reading=reading,
            age_seconds=age,
            taken_at=read.at,
            score=read.score,
            comments=read.comments,
            upvote_ratio=read.upvote_ratio,
        )
        if heading is not None:
            insert_if_new(
                session,
                Nowcast,
                post_id=post_id,
                reading=reading,
                made_at=self._clock(),
                score_p10=heading.low,
                score_median=heading.median,
                score_p90=heading.high,
            )

    def _label(self, session: Session, post_id: int, read: ScoreRead, age: float) -> None:
        post = load_post(session, post_id)
        assert post is not None  # noqa: S101 - it was moved on in this transaction
        horizon = post.community.horizon_seconds
        before = last_score_before(session, post_id, horizon)
        score = score_at_horizon(before and AgedScore(*before), AgedScore(age, read.score), horizon)
        keep_measures(session, post, read, score)
        measure = post.community.measure
        value = score if measure is Measure.SCORE else measured(read, measure)
        assert value is not None  # noqa: S101 - who could not be measured got no label
        label_or_wait(session, post, value, rules=self._rules, now=self._clock())


def _labels_of(community_id: int) -> Scopes:
    """What a label of a community goes by: its other labels, and when the last of all was written.

    A guess on its post is in time, and seen here, or finds the post moved on: both lock its row.
    """
    return (LABELS, community_scope(community_id))
