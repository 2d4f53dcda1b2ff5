"""How the people of the made-up community did in the league."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.league.intervals import Moments, points_interval
from bot.people.identity import hash_person
from bot.simulation.guessers import GUESSERS
from storage.tables import Author, Guess
from storage.types import PlatformName


@dataclass(frozen=True, slots=True)
class Played:
    """How one person did in the league."""

    name: str
    n: int
    hits: int
    points: float
    #: 95% interval of the points.
    interval: tuple[float, float]


async def read_league(session: AsyncSession, people_key: bytes) -> list[Played]:
    """The people by their points, the best first."""
    names = {
        hash_person(people_key, PlatformName.REDDIT, each.name): each.name for each in GUESSERS
    }
    query = (
        select(Author.hash, Guess.points)
        .join(Author, Author.id == Guess.author_id)
        .where(Guess.points.is_not(None))
    )
    won: dict[str, list[float]] = {name: [] for name in names.values()}
    for person, earned in await session.execute(query):
        won[names[person]].append(float(earned or 0.0))
    played = []
    for name, gained in won.items():
        points = Moments.of(gained)
        interval = points_interval(points) or (points.total, points.total)
        hits = sum(each > 0 for each in gained)
        played.append(Played(name, points.n, hits, points.total, interval))
    return sorted(played, key=lambda person: -person.points)
