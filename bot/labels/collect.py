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
from bot.labels.first_scores import LabelRules, label_waiting
from bot.labels.imageless import ImagelessScores
from bot.labels.record import MISSED, ScoreRecorder
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
from models.growth_curves import GrowthCurves
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS, community_scope
from storage.queries.posts import claim_posts, due_posts, load_posts, move_post
from storage.queries.waiting_scores import communities_that_wait
from storage.tables import Post
from storage.types import PlatformName, PostState

log = logging.getLogger(__name__)

#: Posts that are read together: what Reddit answers in one request.
BATCH = 100

#: How long to wait before a score that could not be read is asked for again.
RETRY = timedelta(minutes=1)


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
        self._recorder = ScoreRecorder(
            database, clock=clock, rules=self._rules, late_share=late_share, curves=curves
        )
        self._late_share = late_share
        self._imageless = ImagelessScores(database, platforms, clock=clock, late_share=late_share)

    async def read_due(self) -> int:
        """Read every score that is due, write the labels that follow; return how many posts."""
        posts = await self._due(PostState.AWAITING_SCORE)
        by_platform: defaultdict[PlatformName, list[Post]] = defaultdict(list)
        for post in posts:
            by_platform[post.platform].append(post)
        for name, batch in by_platform.items():
            try:
                with by_right_of(self._platforms, name, _communities(batch)):
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
            scopes = [community_scope(community_id)]
            try:
                while await self._database.run_write(label, alone_in=scopes):
                    pass
            except Exception:
                log.exception("First scores of community %s could not be labelled.", community_id)

    async def _due(self, state: PostState) -> list[Post]:
        """Posts in a state whose next step is due, loaded whole; nobody else takes them now."""
        now = self._clock()

        def find(session: Session) -> Sequence[int]:
            return due_posts(
                session,
                [state],
                now=now,
                limit=BATCH,
                without_communities=communities_of_others(session, self._platforms),
            )

        ids = await self._database.run_read(find)
        if not ids:
            return []

        def claim(session: Session) -> list[Post]:
            return load_posts(session, claim_posts(session, ids, [state], now=now))

        return await self._database.run_write(claim, alone_in=ITS_ROWS)

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
        read_now: list[tuple[Post, ScoreRead]] = []
        for post in posts:
            match readings.get(post.id):
                case ScoreRead() as read:
                    read_now.append((post, read))
                case PostRemoved():
                    await self._withdraw(post)
                case PostHidden() | ScoreUnknown() as hidden:
                    await self._wait_for(post, hidden)
                case ReadLater(until):
                    later[post.id] = until
                case None:
                    unanswered.append(post)
        unanswered += await self._recorder.record(read_now)
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
            lambda session: move_post(session, post.id, PostState.AWAITING_SCORE, **MISSED),
            alone_in=ITS_ROWS,
        )

    async def _withdraw(self, post: Post) -> None:
        await self._database.run_write(
            lambda session: move_post(
                session, post.id, PostState.AWAITING_SCORE, state=PostState.WITHDRAWN, due_at=None
            ),
            alone_in=ITS_ROWS,
        )


def _communities(posts: Sequence[Post]) -> set[str]:
    return {post.community.source_id for post in posts}
