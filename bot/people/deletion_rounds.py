"""Looking through all stored posts of a platform again and again for those that were deleted there.

Platforms want what people delete to be deleted elsewhere, too, within a stated time. Where a round
has come to is stored, so that a restart does not begin it anew.
"""

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from bot.people.deleted_posts import forget_posts
from bot.runtime.clock import Clock
from storage.engine.database import Database
from storage.engine.upsert import insert_if_new
from storage.files.image_store import ImageStore
from storage.tables import InstallationFact, Post
from storage.types import PlatformName

#: A round is meant to take this long, so that it is done within twice that whatever happens.
ROUND: Final = timedelta(hours=24)
#: What platforms ask for, and so when somebody has to look why a round does not end.
LIMIT: Final = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class RoundState:
    """How far the looking has come.

    Attributes:
        after: id of the last post that was looked at in this round.
        begun_at, ended_at: of this round, and of the last one that came to its end; ISO.
        forgotten: posts that were found deleted so far.
    """

    after: int = 0
    begun_at: str | None = None
    ended_at: str | None = None
    forgotten: int = 0

    @property
    def ended(self) -> datetime | None:
        """When a round last came to its end."""
        return None if self.ended_at is None else datetime.fromisoformat(self.ended_at)


class DeletionRounds:
    """Hands out posts to look at, and forgets those that were deleted.

    Args:
        step: how often `due` is asked.
        at_once: most posts that a platform tells of in one request.
    """

    def __init__(
        self,
        database: Database,
        images: ImageStore,
        platform: PlatformName,
        *,
        step: timedelta,
        at_once: int,
        clock: Clock,
    ) -> None:
        self._database = database
        self._images = images
        self._platform = platform
        self._step = step
        self._at_once = at_once
        self._clock = clock

    async def due(self) -> Sequence[Sequence[tuple[int, str]]]:
        """What to ask for now: posts (their ids here and there) by request."""

        def read(session: Session) -> list[tuple[int, str]]:
            state = round_state(session, self._platform)
            kept = _kept(self._platform)
            count = session.scalar(select(func.count()).select_from(Post).where(*kept)) or 0
            requests = math.ceil(math.ceil(count / self._at_once) * (self._step / ROUND))
            rows = session.execute(
                select(Post.id, Post.source_id)
                .where(*kept, Post.id > state.after)
                .order_by(Post.id)
                .limit(max(requests, 1) * self._at_once)
            )
            return [(row[0], row[1]) for row in rows]

        found = await self._database.run_read(read)
        return [found[at : at + self._at_once] for at in range(0, len(found), self._at_once)]

    async def note(self, looked_at: Collection[int], gone: Collection[int]) -> None:
        """Forget posts that were deleted, and note how far the round has come."""
        forgotten = await forget_posts(self._database, gone, images=self._images, now=self._clock())
        now = self._clock().isoformat()

        def write(session: Session) -> None:
            state = round_state(session, self._platform)
            last = max(looked_at, default=state.after)
            more = select(Post.id).where(*_kept(self._platform), Post.id > last).limit(1)
            is_done = session.scalar(more) is None
            _write(
                session,
                self._platform,
                RoundState(
                    after=0 if is_done else last,
                    begun_at=None if is_done else state.begun_at or now,
                    ended_at=now if is_done else state.ended_at,
                    forgotten=state.forgotten + forgotten,
                ),
            )

        await self._database.run_write(write)


def round_state(session: Session, platform: PlatformName) -> RoundState:
    """How far the looking through a platform's posts has come."""
    row = session.get(InstallationFact, _name(platform))
    return RoundState() if row is None else RoundState(**json.loads(row.value))


def _write(session: Session, platform: PlatformName, state: RoundState) -> None:
    value = json.dumps(asdict(state))
    if not insert_if_new(session, InstallationFact, name=_name(platform), value=value):
        session.get_one(InstallationFact, _name(platform)).value = value


def _name(platform: PlatformName) -> str:
    return f"deletions {platform.value}"


def _kept(platform: PlatformName) -> tuple[ColumnElement[bool], ...]:
    """Posts of which more than numbers is stored."""
    return (
        Post.platform == platform,
        or_(Post.hidden_at.is_(None), Post.title != ""),
    )
