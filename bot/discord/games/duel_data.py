"""What the tables know of a duel that is needed to tell it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from bot.league.duels import DuelPlayer, Side, chance_of_first, duel_players, sides
from storage.tables import Duel, Post

#: People who are named when a duel is decided.
_NAMED = 10


@dataclass(frozen=True, slots=True)
class DuelData:
    """A duel, its posts and who guessed.

    Attributes:
        posts: the older one and the newer one, with community, label and predictions.
        sides: what each earns, and how many people named it.
        right: who was right, the most points first.
        chance: what the bot's predictions gave the older post, 0 to 1; None: there are not both.
        pictures: SHA-256 of one image of each; empty: one is hidden, or its file is deleted.
    """

    duel: Duel
    posts: Sequence[Post]
    sides: tuple[Side, Side]
    right: Sequence[DuelPlayer]
    chance: float | None
    pictures: Sequence[str]


def read_duel(session: Session, duel_id: int) -> DuelData | None:
    """A duel; None: there is no such one any more."""
    duel = session.get(Duel, duel_id)
    if duel is None:
        return None
    numbers = [duel.first_post_id, duel.second_post_id]
    found = session.scalars(
        select(Post)
        .where(Post.id.in_(numbers))
        .order_by(Post.id)
        .options(
            joinedload(Post.community), joinedload(Post.label), selectinload(Post.prediction_rows)
        )
    ).all()
    predictions = [each.prediction_rows[0] for each in found if each.prediction_rows]
    both = len(predictions) == len(numbers)
    shown = [
        each.image.sha256
        for each, post in zip(predictions, found, strict=False)
        if each.image.dropped_at is None and not post.is_spoiler
    ]
    players = duel_players(session, duel_id=duel_id, limit=_NAMED)
    return DuelData(
        duel,
        found,
        sides(session, duel),
        [each for each in players if each.points > 0],
        chance_of_first(predictions[0].bins, predictions[1].bins) if both else None,
        shown if both and len(shown) == len(numbers) else [],
    )
