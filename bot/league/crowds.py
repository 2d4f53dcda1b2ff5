"""Who takes part in a post from one address: too many may be one person, and do not count.

Where they come from is stored as a hash that differs from post to post, and only as long as the
post can be voted on. All processes that serve the board count together.
"""

from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from bot.people.identity import hash_person
from storage.engine.upsert import insert_if_new
from storage.tables import Guess, Participant, Post, Vote
from storage.types import PlatformName, VoteHold

#: People of one household whose votes and guesses on one post count; of more than these none do.
MOST_PEOPLE = 10


class Crowds:
    """Holds votes and guesses back where one person may be many.

    Args:
        key: the people key.
        platform: where they take part.
    """

    def __init__(self, key: bytes, platform: PlatformName) -> None:
        self._key = key
        self._platform = platform

    def hold(
        self, session: Session, post: Post, author_id: int, *, household: str, since: datetime,
        ends_at: datetime, now: datetime,
    ) -> VoteHold | None:  # fmt: skip
        """Note that somebody takes part; why it does not count. None: it does.

        Once they are too many, what the others of the household did does not count, either. Needs
        a write session in which the post is locked.

        Args:
            session: to write with.
            post: what they vote or guess on.
            author_id: who.
            household: the addresses that they can take at will; empty: nobody knows.
            since: when the person came to the board.
            ends_at: when nobody may take part any more.
            now: aware.
        """
        crowd = self._note(session, post, author_id, household, ends_at, now) if household else ()
        if crowd:
            for table in (Vote, Guess):
                session.execute(
                    update(table)
                    .where(
                        table.post_id == post.id,
                        table.author_id.in_(crowd),
                        table.held.is_(None),
                    )
                    .values(held=VoteHold.CROWD)
                )
        if since > post.posted_at:
            return VoteHold.NEWCOMER
        return VoteHold.CROWD if crowd else None

    def _note(
        self, session: Session, post: Post, author_id: int, household: str, ends_at: datetime,
        now: datetime,
    ) -> list[int]:  # fmt: skip
        """Note a person; everybody of their household if they are too many, else nobody."""
        place = hash_person(self._key, self._platform, f"crowd {post.id} {household}")
        is_new = insert_if_new(
            session, Participant, post_id=post.id, household=place, author_id=author_id,
            ends_at=ends_at,
        )  # fmt: skip
        here = Participant.post_id == post.id
        count = func.count()
        everybody, people = session.execute(
            select(count, count.filter(Participant.household == place)).where(here)
        ).one()
        if is_new and everybody == 1:
            session.execute(delete(Participant).where(Participant.ends_at <= now))
        if people <= MOST_PEOPLE:
            return []
        rows = select(Participant.author_id).where(here, Participant.household == place)
        return [*session.scalars(rows)]


def release(session: Session, post_id: int) -> int:
    """Count what was held back on a post after all; how many votes and guesses.

    Who takes part from now on is counted anew. Needs a write session; the post must have no label.
    """
    session.execute(delete(Participant).where(Participant.post_id == post_id))
    released = 0
    for table in (Vote, Guess):
        rows = session.scalars(
            update(table)
            .where(table.post_id == post_id, table.held.is_not(None))
            .values(held=None)
            .returning(table.author_id)
        )
        released += len(rows.all())
    return released
