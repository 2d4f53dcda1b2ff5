"""From votes to labels: readings that are due, the label at the horizon, and what it scores."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.cards import outcome, stored_card
from bot.clock import Clock
from bot.league import points, score_prediction
from bot.pipeline import bucket_rule, post_ref
from bot.platform import Gone, NotYet, Platform, PlatformUnavailable, ScoreRead
from bot.readings import next_reading_at, reading_at
from models.quantiles import WINDOW, tie_interval
from storage.communities import recent_scores
from storage.database import Database
from storage.posts import due_posts, load_post, move_post
from storage.tables import Guess, Label, Post, Reply, Snapshot
from storage.types import Bucket, PostState, ReplyState
from storage.types import Platform as PlatformName
from storage.upsert import insert_if_new

log = logging.getLogger(__name__)

#: Posts read in one go: what Reddit answers in one request.
BATCH = 100

#: How long to wait before a score that could not be read is asked for again.
RETRY = timedelta(minutes=1)


class Labelling:
    """Reads the scores that are due and writes labels from them."""

    def __init__(
        self, database: Database, platforms: Mapping[PlatformName, Platform], *, clock: Clock
    ) -> None:
        self._database = database
        self._platforms = platforms
        self._clock = clock

    async def read_due(self) -> int:
        """Read every score that is due, write the labels that follow; return how many posts."""
        async with self._database.read() as session:
            ids = await due_posts(session, [PostState.REPLIED], now=self._clock(), limit=BATCH)
            posts = [post for post in [await load_post(session, each) for each in ids] if post]
        by_platform: defaultdict[PlatformName, list[Post]] = defaultdict(list)
        for post in posts:
            by_platform[post.platform].append(post)
        for name, batch in by_platform.items():
            try:
                await self._read(name, batch)
            except Exception:
                # The longest waiting come first: what fails must not keep the others waiting.
                log.exception("Scores on %s could not be read; they are tried again.", name.value)
                await self._ask_again(batch)
        return len(posts)

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
        for post in posts:
            match readings.get(post.id):
                case ScoreRead() as read:
                    await self._record(post, read)
                case Gone():
                    await self._withdraw(post)
                case NotYet(until):
                    later[post.id] = until
                case None:
                    later[post.id] = self._clock() + RETRY
        await self._put_off(later)

    async def _ask_again(self, posts: Sequence[Post]) -> None:
        await self._put_off({post.id: self._clock() + RETRY for post in posts})

    async def _put_off(self, later: Mapping[int, datetime]) -> None:
        if not later:
            return
        async with self._database.write() as session:
            for post_id, until in later.items():
                await move_post(session, post_id, PostState.REPLIED, due_at=until)

    async def _withdraw(self, post: Post) -> None:
        async with self._database.write() as session:
            await move_post(
                session, post.id, PostState.REPLIED, state=PostState.WITHDRAWN, due_at=None
            )

    async def _record(self, post: Post, read: ScoreRead) -> None:
        horizon = post.community.horizon_seconds
        age = max((read.at - post.posted_at).total_seconds(), 0.0)
        reading = reading_at(age, horizon)
        async with self._database.write() as session:
            if reading == horizon:
                # Due at once: what remains is to show the outcome.
                moved = await move_post(
                    session,
                    post.id,
                    PostState.REPLIED,
                    state=PostState.SCORED,
                    due_at=self._clock(),
                    tries=0,
                )
            else:
                moved = await move_post(
                    session,
                    post.id,
                    PostState.REPLIED,
                    due_at=next_reading_at(post.posted_at, horizon, self._clock()),
                )
            if not moved:
                return
            if reading is not None:
                await insert_if_new(
                    session,
                    Snapshot,
                    post_id=post.id,
                    reading=reading,
                    age_seconds=age,
                    taken_at=read.at,
                    score=read.score,
                )
            if reading == horizon:
                await self._label(session, post, read.score)

    async def _label(self, session: AsyncSession, post: Post, score: int) -> None:
        """Write the label, and score every prediction and guess by it, in one transaction."""
        now = self._clock()
        matured_at = post.posted_at + timedelta(seconds=post.community.horizon_seconds)
        recent = sorted(
            await recent_scores(session, post.community_id, before=matured_at, limit=WINDOW - 1)
        )
        low, high = tie_interval(score, recent)
        bucket = Bucket(bucket_rule(post.community).bucket(score, (low + high) / 2))
        rates = await base_rates(session, post.community_id)
        session.add(
            Label(
                post_id=post.id,
                community_id=post.community_id,
                score=score,
                percentile_low=low,
                percentile_high=high,
                bucket=bucket,
                matured_at=matured_at,
                written_at=now,
            )
        )
        current = await load_post(session, post.id)
        for prediction in current.prediction_rows if current else ():
            if prediction.made_at >= matured_at:
                # Made when the votes were in already: it foretold nothing.
                continue
            card = stored_card(prediction)
            scores = score_prediction(
                np.asarray(prediction.bins),
                (prediction.p_low, prediction.p_medium, prediction.p_high),
                (low, high),
                bucket,
            )
            prediction.scored_at = now
            prediction.log_score = scores.log
            prediction.rps = scores.rps
            prediction.brier = scores.brier
            prediction.points = points(card.bucket, bucket, rates)
        for guess in await session.scalars(select(Guess).where(Guess.post_id == post.id)):
            guess.points = points(guess.bucket, bucket, rates)

    async def settle_due(self) -> int:
        """Show outcomes that were not shown yet in their replies; return how many posts."""
        async with self._database.read() as session:
            ids = await due_posts(session, [PostState.SCORED], now=self._clock(), limit=BATCH)
            posts = [post for post in [await load_post(session, each) for each in ids] if post]
        for post in posts:
            try:
                await self._settle(post)
            except Exception:
                log.exception("The outcome of post %s could not be shown; tried again.", post.id)
                await self._settle_later(post)
        return len(posts)

    async def _settle(self, post: Post) -> None:
        platform = self._platforms.get(post.platform)
        reply = post.reply
        shown = False
        if platform and reply and reply.state is ReplyState.SENT and reply.source_id and post.label:
            result = outcome(stored_card(post.prediction_rows[0]), post.label)
            try:
                await platform.settle(post_ref(post), reply.source_id, result)
            except PlatformUnavailable as error:
                log.info("The outcome of post %s cannot be shown now (%s).", post.id, error)
                await self._settle_later(post)
                return
            shown = True
        async with self._database.write() as session:
            await move_post(session, post.id, PostState.SCORED, due_at=None)
            if shown:
                settled = await session.get_one(Reply, post.id)
                settled.state = ReplyState.SETTLED

    async def _settle_later(self, post: Post) -> None:
        async with self._database.write() as session:
            await move_post(session, post.id, PostState.SCORED, due_at=self._clock() + RETRY)


async def base_rates(session: AsyncSession, community_id: int) -> tuple[float, float, float]:
    """Shares of low, medium and high among the community's labels so far (0 to 1, sum 1).

    One label of each is added, so that no share is 0 and the first posts count like even odds.
    """
    rows = await session.execute(
        select(Label.bucket, func.count())
        .where(Label.community_id == community_id)
        .group_by(Label.bucket)
    )
    counts = {bucket: count + 1 for bucket, count in rows}
    low, medium, high = (counts.get(bucket, 1) for bucket in Bucket)
    total = low + medium + high
    return low / total, medium / total, high / total
