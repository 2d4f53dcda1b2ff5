"""The step from "predicted" to "awaiting_score": one reply, or the reason why there is none.

A reply is claimed, that is recorded as pending, before it is sent. Who finds a claim that is not
its own asks the platform to look for the reply before sending another.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.labels.readings import next_reading_at
from bot.platform import (
    FindsReplies,
    Platform,
    PlatformUnavailable,
    PostGone,
    ReplyDeclined,
    RequestFailed,
    RequestRefused,
    post_ref,
)
from bot.posts.reply_policy import reason_to_skip
from bot.posts.retry import OUTCOME_DAYS, next_try
from bot.posts.sent_replies import note_change_failed
from bot.runtime.clock import Clock
from bot.serving.forecast import Card, stored_card
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS, community_scope
from storage.engine.shared_write import SharedWrite
from storage.engine.upsert import insert_or_change
from storage.queries.posts import move_post, move_posts, replies_since
from storage.tables import Post, Reply
from storage.types import PlatformName, PostState, ReplySkip, ReplyState

log = logging.getLogger(__name__)

_MINUTE = timedelta(minutes=1)

_POSTS, _REPLIES = table_of(Post), table_of(Reply)
_CLAIM = insert(_REPLIES)


@dataclass(frozen=True, slots=True)
class _Result:
    """What became of the reply to a post: columns of its row."""

    post: Post
    values: Mapping[str, Any]


class Replier:
    """Replies to posts, and removes replies."""

    def __init__(
        self, database: Database, platforms: Mapping[PlatformName, Platform], *, clock: Clock
    ) -> None:
        self._database = database
        self._platforms = platforms
        self._clock = clock
        self._results: SharedWrite[_Result, None] = SharedWrite(
            database, self._note, alone_in=lambda _: ITS_ROWS
        )

    def claim(
        self, session: Session, predicted: Sequence[tuple[Post, Card]], now: datetime
    ) -> list[ReplySkip | None]:
        """Record that replies are about to be sent, or return why there will be none.

        Args:
            session: the write session in which the posts are, or were, predicted.
            predicted: posts without a reply so far, with their communities loaded, and their
                predictions; of what a community takes a minute each counts for those after it.
            now: aware.
        """
        posts = [post for post, _ in predicted]
        limited = {
            post.community_id for post in posts if post.community.replies_per_minute is not None
        }
        said_lately = Counter(replies_since(session, limited, now - _MINUTE) if limited else ())
        skips = []
        for post, card in predicted:
            skip = self._reason_to_skip(post, card, now, said_lately[post.community_id])
            said_lately[post.community_id] += skip is None
            skips.append(skip)
        claims = [
            {"post_id": post.id, "state": ReplyState.PENDING, "recorded_at": now}
            for post, skip in zip(posts, skips, strict=True)
            if skip is None
        ]
        if claims:
            session.execute(_CLAIM, claims)
        return skips

    async def answer(self, post: Post, card: Card, skip: ReplySkip | None) -> None:
        """Send the reply that was just claimed, or store why there is none."""
        if skip is None:
            await self._send(post, card, sent_before=False, tries=0)
        else:
            await self._skip(post, skip)

    async def take_up(self, post: Post) -> None:
        """Reply to a post that was predicted earlier: its reply is tried again.

        Args:
            post: with its community, predictions and reply loaded.
        """
        card = stored_card(post.prediction_rows[0], genre=post.shown_genre)
        if post.platform not in self._platforms:
            await self._skip(post, ReplySkip.NO_PLATFORM)
        elif post.reply is not None:
            await self._send(post, card, sent_before=True, tries=post.tries)
        else:
            skip = await self._database.run_write(
                lambda session: self.claim(session, [(post, card)], self._clock())[0],
                alone_in=[community_scope(post.community_id)],
            )
            await self.answer(post, card, skip)

    async def give_up(self, post: Post, reason: str) -> None:
        """Follow a post without a reply: there was none until its score was final."""
        await self._skip(post, ReplySkip.OTHER, reason)

    async def remove_reply(self, post: Post) -> None:
        """Remove the reply of a withdrawn post, if there is one.

        Where that cannot be done now, the reply stays on record for another try.
        """
        platform, reply = self._platforms.get(post.platform), post.reply
        if reply is None or reply.state not in (ReplyState.PENDING, ReplyState.SENT):
            return
        if platform is None:
            return
        try:
            await platform.withdraw(post_ref(post), reply.source_id)
        except Exception as error:  # noqa: BLE001 - judged and logged below
            until = post_ref(post).horizon_at + OUTCOME_DAYS
            if await note_change_failed(
                self._database, reply, error, now=self._clock(), until=until
            ):
                return
        async with self._database.write(alone_in=ITS_ROWS) as session:
            removed = await session.get_one(Reply, post.id)
            removed.state = ReplyState.SKIPPED
            removed.skip_code = ReplySkip.WITHDRAWN

    def _reason_to_skip(
        self, post: Post, card: Card, now: datetime, said_lately: int
    ) -> ReplySkip | None:
        if post.platform not in self._platforms:
            return ReplySkip.NO_PLATFORM
        skip = reason_to_skip(post.community, card, now=now, said_lately=said_lately)
        # Last: only a post that would have been replied to shows what a reply does.
        return skip or (ReplySkip.SILENT_SHARE if post.silent else None)

    async def _send(self, post: Post, card: Card, *, sent_before: bool, tries: int) -> None:
        platform = self._platforms[post.platform]
        try:
            reply_id = await platform.reply(post_ref(post), card, sent_before=sent_before)
        except (PlatformUnavailable, RequestFailed) as error:
            due_at = next_try(error, tries, now=self._clock(), until=post_ref(post).horizon_at)
            if due_at is None:
                log.warning("The reply to post %s is given up: %s", post.id, error)
                if isinstance(platform, FindsReplies):
                    # It may have been sent: who shows the outcome looks for it.
                    await self._record(post, {"state": ReplyState.PENDING, "fault": str(error)})
                else:
                    await self.give_up(post, str(error))
                return
            log.info("The reply to post %s is tried again at %s (%s).", post.id, due_at, error)
            async with self._database.write(alone_in=ITS_ROWS) as session:
                await session.run_sync(
                    move_post, post.id, PostState.PREDICTED, due_at=due_at, tries=tries + 1
                )
        except (ReplyDeclined, RequestRefused) as error:
            await self._skip(post, ReplySkip.OTHER, str(error))
        except PostGone:
            async with self._database.write(alone_in=ITS_ROWS) as session:
                await session.run_sync(
                    move_post, post.id, PostState.PREDICTED, state=PostState.WITHDRAWN, due_at=None
                )
        else:
            now = self._clock()
            await self._record(
                post, {"state": ReplyState.SENT, "source_id": reply_id, "sent_at": now}
            )

    async def _skip(self, post: Post, code: ReplySkip, sentence: str | None = None) -> None:
        await self._record(
            post, {"state": ReplyState.SKIPPED, "skip_code": code, "reason": sentence}
        )

    async def _record(self, post: Post, values: Mapping[str, Any]) -> None:
        """Record the result of a reply, and when the score is read next.

        A reply that was sent while the post was withdrawn is recorded, too: it has to be removed.
        """
        await self._results.write(_Result(post, values))

    def _note(self, results: Sequence[_Result], session: Session) -> list[None]:
        now = self._clock()
        steps = {
            each.post.id: {
                "state": PostState.AWAITING_SCORE,
                "due_at": next_reading_at(
                    each.post.posted_at,
                    each.post.community.horizon_seconds,
                    now,
                    each.post.community.readings,
                ),
                "tries": 0,
            }
            for each in results
        }
        wanted = move_posts(session, PostState.PREDICTED, steps)
        if len(wanted) < len(steps):
            query = select(_POSTS.c.id).where(
                _POSTS.c.id.in_(steps.keys() - wanted), _POSTS.c.state == PostState.WITHDRAWN
            )
            wanted |= set(session.scalars(query))
        by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for each in results:
            if each.post.id in wanted:
                row = {"post_id": each.post.id, "recorded_at": now, **each.values}
                by_columns.setdefault(tuple(row), []).append(row)
        for rows in by_columns.values():
            # Most were claimed, which is when they were recorded.
            insert_or_change(session, Reply, rows, once="recorded_at")
        return [None] * len(results)
