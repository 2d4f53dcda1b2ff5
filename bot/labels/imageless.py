"""Final scores of what was published without an image, and where they stand among the labels.

They are ranked among the labels of posts with an image that had matured by then, and no label is
ever ranked among them: what people are told of a community is of its posts with images.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from bot.duty import by_right_of, communities_of_others
from bot.labels.absence import FIRST_PAUSE
from bot.labels.measures import measured
from bot.labels.readings import late_by
from bot.leases import LeaseLost
from bot.platform import Platform, PlatformUnavailable, PostRef, Reading, ReadLater, ScoreRead
from bot.runtime.clock import Clock
from models.percentiles import WINDOW, tie_interval
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.queries.labels import window_before
from storage.tables import Community, ImagelessPost
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: A row of what is due.
_Due: TypeAlias = Row[*tuple[Any, ...]]

#: Posts that are read together: what Reddit answers in one request.
BATCH = 100


class ImagelessScores:
    """Reads the final scores that are due of what was published without an image.

    Each is asked for until it is told, and not any more once it would be too late for a label.
    What is deleted or out of sight at the horizon counts without a score.

    Args:
        late_share: how late a score may be read, as a share of the horizon.
    """

    def __init__(
        self,
        database: Database,
        platforms: Mapping[PlatformName, Platform],
        *,
        clock: Clock,
        late_share: float,
    ) -> None:
        self._database = database
        self._platforms = platforms
        self._clock = clock
        self._late_share = late_share

    async def read_due(self) -> int:
        """Read every score that is due; return of how many posts."""
        due = await self._database.run_read(self._due)
        by_platform: defaultdict[PlatformName, list[_Due]] = defaultdict(list)
        for post in due:
            by_platform[post.platform].append(post)
        for name, posts in by_platform.items():
            try:
                with by_right_of(self._platforms, name, {post.community for post in posts}):
                    readings = await self._ask(name, posts)
                    await self._database.run_write(
                        partial(self._record, posts=posts, readings=readings), alone_in=ITS_ROWS
                    )
            except LeaseLost as error:
                log.info("Scores on %s are left to another process: %s.", name.value, error)
        return len(due)

    def _due(self, session: Session) -> Sequence[_Due]:
        query = (
            select(
                ImagelessPost.id,
                ImagelessPost.platform,
                ImagelessPost.source_id,
                ImagelessPost.posted_at,
                Community.id.label("community_id"),
                Community.source_id.label("community"),
                Community.horizon_seconds,
                Community.measure,
            )
            .join(Community, Community.id == ImagelessPost.community_id)
            .where(
                ImagelessPost.due_at <= self._clock(),
                ImagelessPost.platform.in_(self._platforms),
                ImagelessPost.community_id.not_in(communities_of_others(session, self._platforms)),
            )
            .order_by(ImagelessPost.due_at, ImagelessPost.id)
            .limit(BATCH)
        )
        return session.execute(query).all()

    async def _ask(self, name: PlatformName, posts: Sequence[_Due]) -> Mapping[int, Reading]:
        """What a platform says of posts; nothing while it cannot be asked."""
        refs = [
            PostRef(post.id, post.source_id, post.community, post.posted_at + _horizon(post))
            for post in posts
        ]
        try:
            return await self._platforms[name].read_scores(refs)
        except PlatformUnavailable as error:
            log.info("Scores on %s cannot be read now (%s).", name.value, error)
        except Exception:
            log.exception("Scores on %s could not be read; they are tried again.", name.value)
        return {}

    def _record(
        self, session: Session, posts: Sequence[_Due], readings: Mapping[int, Reading]
    ) -> None:
        now = self._clock()
        for post in posts:
            reading = readings.get(post.id)
            values: dict[str, Any] = {"due_at": None}
            match reading:
                case ScoreRead() as read:
                    values |= self._ranked(session, post, read)
                case ReadLater(until):
                    values["due_at"] = until
                case None if not self._is_late(post, now):
                    values["due_at"] = now + FIRST_PAUSE
            session.execute(
                # Its author may have opted out meanwhile: then nothing is due any more.
                update(ImagelessPost)
                .where(ImagelessPost.id == post.id, ImagelessPost.due_at.is_not(None))
                .values(values)
            )

    def _ranked(self, session: Session, post: _Due, read: ScoreRead) -> dict[str, Any]:
        score = measured(read, post.measure)
        if score is None or self._is_late(post, read.at):
            return {}
        matured_at = post.posted_at + _horizon(post)
        window = window_before(
            session,
            post.community_id,
            measure=post.measure,
            matured_by=matured_at,
            limit=WINDOW - 1,
        )
        low, high = tie_interval(score, sorted(row.score for row in window))
        return {
            "score": score, "matured_at": matured_at, "percentile_low": low, "percentile_high": high
        }  # fmt: skip

    def _is_late(self, post: _Due, at: datetime) -> bool:
        age = (at - post.posted_at).total_seconds()
        return late_by(age, post.horizon_seconds) > self._late_share


def _horizon(post: _Due) -> timedelta:
    return timedelta(seconds=post.horizon_seconds)
