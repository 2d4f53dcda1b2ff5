"""Guesses on the board, as one visitor may see them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.texts.translate import mark
from storage.tables import Guess, Peek
from storage.types import Bucket, VoteHold

_HELD = {
    VoteHold.NEWCOMER: mark(
        "Your guess earns nothing here: you came to the board after this post. On newer posts it"
        " counts."
    ),
    VoteHold.CROWD: mark("Your guess earns nothing: too many took part from your address."),
}


@dataclass(frozen=True, slots=True)
class GuessView:
    """The guesses on one post; ``mine`` and ``viewed`` are the visitor's own."""

    mine: Bucket | None = None
    points: float | None = None
    #: Whether they were shown the prediction although it was kept back.
    viewed: bool = False
    #: Of guesses that count.
    counts: Mapping[Bucket, int] = field(default_factory=dict)
    #: Why the visitor's own guess does not count, a sentence; None: it does, or there is none.
    held: str | None = None

    @property
    def people(self) -> int:
        """How many people guessed."""
        return sum(self.counts.values())


def guesses_on(
    session: Session, post_ids: Sequence[int], author_id: int | None
) -> dict[int, GuessView]:
    """The guesses on each of ``post_ids``, as ``author_id`` sees them."""
    counts: defaultdict[int, dict[Bucket, int]] = defaultdict(dict)
    rows = session.execute(
        select(Guess.post_id, Guess.bucket, func.count().label("people"))
        .where(Guess.post_id.in_(post_ids), Guess.held.is_(None))
        .group_by(Guess.post_id, Guess.bucket)
    )
    for row in rows:
        counts[row.post_id][row.bucket] = row.people
    own: dict[int, Guess] = {}
    viewed: set[int] = set()
    if author_id is not None:
        mine = select(Guess).where(Guess.post_id.in_(post_ids), Guess.author_id == author_id)
        own = {guess.post_id: guess for guess in session.scalars(mine)}
        viewed.update(
            session.scalars(
                select(Peek.post_id).where(Peek.post_id.in_(post_ids), Peek.author_id == author_id)
            )
        )
    return {
        post_id: GuessView(
            mine=own[post_id].bucket if post_id in own else None,
            points=own[post_id].points if post_id in own else None,
            viewed=post_id in viewed,
            counts=counts[post_id],
            held=_why_held(own.get(post_id)),
        )
        for post_id in post_ids
    }


def _why_held(guess: Guess | None) -> str | None:
    return None if guess is None or guess.held is None else _HELD[guess.held]
