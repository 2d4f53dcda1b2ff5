"""Showing in the replies to posts what became of them: the outcome, what it waits for, or that it
came too late."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.duty import by_right_of, communities_of_others
from bot.leases import LeaseLost
from bot.platform import FindsReplies, Platform, post_ref
from bot.posts.retry import OUTCOME_DAYS, log_failure, next_try, settle_pause
from bot.posts.sent_replies import note_change_done, note_change_failed
from bot.runtime.clock import Clock
from bot.runtime.lanes import Lanes
from bot.serving.forecast import OutcomeUnknown, OutcomeWaits, outcome, stored_card
from bot.serving.waiting import Waits, read_waits
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.queries.posts import (
    CLAIMED_FOR,
    claim_posts,
    claim_replies,
    due_posts,
    load_posts,
    move_post,
    replies_without_outcome,
)
from storage.queries.waiting_scores import replies_that_wait
from storage.tables import Post, Reply, WaitingScore
from storage.types import PlatformName, PostState, ReplySkip, ReplyState

log = logging.getLogger(__name__)

#: Posts whose outcome is shown in one round.
BATCH = 100

_WAITING = table_of(WaitingScore)
_REPLIES = table_of(Reply)
#: A reply that was sent, and one that may have been: nobody knows.
_MAY_BE_THERE = (ReplyState.SENT, ReplyState.PENDING)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A post whose score is final and waits, and what its reply is to say of that."""

    post: Post
    waits: Waits


class Settler:
    """Changes replies into outcomes. What fails for one post is no matter to the others.

    Args:
        needed: different final scores that a community needs before anything is told of them.
    """

    def __init__(
        self,
        database: Database,
        platforms: Mapping[PlatformName, Platform],
        *,
        clock: Clock,
        needed: int = 1,
    ) -> None:
        self._needed = needed
        self._database = database
        self._platforms = platforms
        self._clock = clock
        self._outcomes: Lanes[int] = Lanes("Outcomes")
        self._too_late: Lanes[int] = Lanes("Replies without an outcome")

    async def settle_due(self) -> int:
        """Show outcomes, or that there is none, in replies; return how many posts.

        Posts whose outcome is due count, and replies that say that there is none.
        """
        still_ours = self._while_claimed()
        posts = await self._due()
        waiting = await self._that_wait()
        # In one lane: what a score waits for must not be said after what became of it.
        items: list[Post | _Waiting] = [*waiting, *posts]
        await self._outcomes.take(items, _lane, self._show, still_ours=still_ours)
        still_ours = self._while_claimed()
        without = await self._without_outcome()
        said: list[int] = []

        async def settle(post: Post) -> None:
            communities = [post.community.source_id]
            with by_right_of(self._platforms, post.platform, communities):
                if await self._settle_without(post):
                    said.append(post.id)

        await self._too_late.take(without, _lane, settle, still_ours=still_ours)
        return len(posts) + len(said)

    def _while_claimed(self) -> Callable[[], bool]:
        """Whether what is claimed from now on is nobody else's yet.

        Whoever takes it then may have shown more by the time its turn comes here.
        """
        until = self._clock() + CLAIMED_FOR
        return lambda: self._clock() < until

    async def stop(self) -> None:
        """Stop the work that goes on in the background."""
        await self._outcomes.stop()
        await self._too_late.stop()

    async def _due(self) -> list[Post]:
        """Posts whose outcome is to be shown; nobody else takes them now."""
        now, states = self._clock(), [PostState.SETTLING]

        def find(session: Session) -> Sequence[int]:
            return due_posts(
                session,
                states,
                now=now,
                limit=BATCH,
                without_communities=self._outcomes.busy
                | communities_of_others(session, self._platforms),
            )

        ids = await self._database.run_read(find)
        if not ids:
            return []
        return await self._database.run_write(
            lambda session: load_posts(session, claim_posts(session, ids, states, now=now)),
            alone_in=ITS_ROWS,
        )

    async def _without_outcome(self) -> list[Post]:
        now = self._clock()

        def find(session: Session) -> Sequence[int]:
            return replies_without_outcome(
                session,
                [*self._platforms],
                now=now,
                limit=BATCH,
                without_communities=self._too_late.busy
                | communities_of_others(session, self._platforms),
            )

        return await self._take_replies(await self._database.run_read(find), now)

    async def _that_wait(self) -> list[_Waiting]:
        now = self._clock()

        def find(session: Session) -> Mapping[int, Waits]:
            ids = replies_that_wait(
                session,
                [*self._platforms],
                now=now,
                without_communities=self._outcomes.busy
                | communities_of_others(session, self._platforms),
            )
            waits = read_waits(session, [*ids], needed=self._needed)
            return {
                each: waits[each] for each, shown in ids.items() if shown != waits[each].missing
            }

        changed = await self._database.run_read(find)
        posts = await self._take_replies([*changed][:BATCH], now)
        return [_Waiting(post, changed[post.id]) for post in posts]

    async def _take_replies(self, post_ids: Sequence[int], now: datetime) -> list[Post]:
        """Posts whose reply is to be changed; nobody else takes them now."""
        if not post_ids:
            return []
        return await self._database.run_write(
            lambda session: load_posts(session, claim_replies(session, post_ids, now=now)),
            alone_in=ITS_ROWS,
        )

    async def _show(self, item: Post | _Waiting) -> None:
        post = item if isinstance(item, Post) else item.post
        try:
            communities = [post.community.source_id]
            with by_right_of(self._platforms, post.platform, communities):
                if isinstance(item, Post):
                    await self._settle(item)
                else:
                    await self._settle_waiting(item.post, item.waits)
        except LeaseLost as error:
            log.info("The outcome of post %s is left to another process: %s.", post.id, error)

    async def _settle_waiting(self, post: Post, waits: Waits) -> None:
        """Say what a final score waits for."""
        reply = post.reply
        if reply is None or reply.source_id is None:
            return
        card = stored_card(post.prediction_rows[0], genre=post.shown_genre)
        result = OutcomeWaits(card, waits.score, waits.missing, waits.needed)
        try:
            await self._platforms[post.platform].settle(post_ref(post), reply.source_id, result)
        except Exception as error:  # noqa: BLE001 - judged and logged below
            again = await note_change_failed(
                self._database, reply, error, now=self._clock(), until=_until(post)
            )
            if again:
                return
        await note_change_done(self._database, post.id)
        statement = update(_WAITING).where(_WAITING.c.post_id == post.id)
        await self._database.run_write(
            lambda session: session.execute(statement.values(shown_missing=waits.missing)),
            alone_in=ITS_ROWS,
        )

    async def _settle(self, post: Post) -> None:
        platform, reply = self._platforms.get(post.platform), post.reply
        reply_id, fault = None, None
        if platform and reply and reply.state in _MAY_BE_THERE and post.label:
            result = outcome(
                stored_card(post.prediction_rows[0], genre=post.shown_genre), post.label
            )
            try:
                reply_id = await self._find(platform, post, reply)
                if reply_id is not None:
                    await platform.settle(post_ref(post), reply_id, result)
            except Exception as error:  # noqa: BLE001 - judged and logged below
                due_at = next_try(
                    error,
                    post.tries,
                    now=self._clock(),
                    until=_until(post),
                    pause=settle_pause(post.tries),
                )
                log_failure(f"The outcome of post {post.id}", error, due_at)
                if due_at is not None:
                    await self._database.run_write(
                        lambda session: move_post(
                            session,
                            post.id,
                            PostState.SETTLING,
                            due_at=due_at,
                            tries=post.tries + 1,
                        ),
                        alone_in=ITS_ROWS,
                    )
                    return
                fault = str(error) or type(error).__name__

        def note(session: Session) -> None:
            move_post(session, post.id, PostState.SETTLING, due_at=None)
            if reply_id is not None:
                settled = session.get_one(Reply, post.id)
                settled.state, settled.fault = ReplyState.SETTLED, fault
            elif fault is not None and reply is not None:
                session.execute(
                    update(_REPLIES).where(_REPLIES.c.post_id == post.id).values(_not_sent(reply))
                )

        await self._database.run_write(note, alone_in=ITS_ROWS)

    async def _find(self, platform: Platform, post: Post, reply: Reply) -> str | None:
        """The id of a reply; one that may have been sent in an outage is looked for, once."""
        if reply.source_id is not None or reply.state is not ReplyState.PENDING:
            return reply.source_id
        found = None
        if isinstance(platform, FindsReplies):
            found = await platform.find_reply(post_ref(post))
        values = _not_sent(reply)
        if found is not None:
            log.info("The reply to post %s was sent after all.", post.id)
            values = {"state": ReplyState.SENT, "source_id": found, "sent_at": reply.recorded_at}
        statement = update(_REPLIES).where(_REPLIES.c.post_id == post.id)
        await self._database.run_write(
            lambda session: session.execute(statement.values(**values)), alone_in=ITS_ROWS
        )
        return found

    async def _settle_without(self, post: Post) -> bool:
        """Say that there is no outcome; return whether it was said, or given up."""
        platform, reply = self._platforms[post.platform], post.reply
        if reply is None or reply.state not in _MAY_BE_THERE:
            return False
        result = OutcomeUnknown(stored_card(post.prediction_rows[0], genre=post.shown_genre))
        reply_id = reply.source_id
        try:
            reply_id = await self._find(platform, post, reply)
            if reply_id is None:
                return False
            await platform.settle(post_ref(post), reply_id, result)
        except Exception as error:  # noqa: BLE001 - judged and logged below
            again = await note_change_failed(
                self._database, reply, error, now=self._clock(), until=_until(post)
            )
            if again:
                return False
        ended = _not_sent(reply) if reply_id is None else {"state": ReplyState.SETTLED}
        await note_change_done(self._database, post.id, **ended)
        return True


def _not_sent(reply: Reply) -> dict[str, Any]:
    """What becomes of a reply that may have been sent, and is not to be found."""
    why = reply.fault or "It could not be sent until the score was final."
    return {"state": ReplyState.SKIPPED, "skip_code": ReplySkip.OTHER, "reason": why}


def _lane(item: Post | _Waiting) -> int:
    return (item if isinstance(item, Post) else item.post).community_id


def _until(post: Post) -> datetime:
    """When nobody wants to know the outcome any more."""
    return post.posted_at + timedelta(seconds=post.community.horizon_seconds) + OUTCOME_DAYS
