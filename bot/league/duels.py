"""Duels: two posts of one community, and people who say which will have the higher score.

A duel is scored by the rule of the league: a right guess earns 1/p − 1 points, a wrong one −1. p is
how often that side won the community's duels before, so that always naming the older post, or the
newer one, earns nothing. A duel whose posts end with the same score earns nothing for anybody; one
of whose posts gets no score is void.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, case, desc, func, or_, select
from sqlalchemy.orm import Session, aliased

from bot.league.guesses import (
    BOTS_DO_NOT_PLAY,
    CLOSED,
    NO_SUCH_POST,
    USED_UP,
    GuessRefused,
    find_player,
    takes_guesses,
)
from storage.engine.database import Database
from storage.engine.scopes import LOCKED, community_scope, person_scope
from storage.tables import Author, Duel, DuelGuess, Label, Post
from storage.types import DuelState, PlatformName, PostOrigin, PostState

#: Duels of one community that are open at the same time.
MOST_OPEN = 3
_DAY = timedelta(days=1)
_ENDED = (PostState.REFUSED, PostState.WITHDRAWN)


class DuelRefused(Exception):
    """There can be no such duel; the message is a slug that says why."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a duel.

    Attributes:
        points: what a guess of it earns when it wins.
        guesses: people who said it wins.
    """

    points: float
    guesses: int


@dataclass(frozen=True, slots=True)
class DuelPlayer:
    """Somebody's record in duels, or in one of them.

    Attributes:
        person: their keyed hash.
        sealed: their sealed id; None: it is not kept.
        points: what their guesses earned.
        hits: how many were right.
        n: guesses on duels that were decided.
    """

    author_id: int
    person: str
    sealed: str | None
    points: float
    hits: int
    n: int


async def open_duel(
    database: Database, posts: Collection[int], *, place: str, now: datetime
) -> Duel:
    """Open a duel, about to be told in a place of its community.

    Args:
        posts: the numbers of two posts.
        place: the platform's id of where it is told.

    Raises:
        DuelRefused: ``same_post``, ``not_here`` (of another community, hidden, silent, or gone),
            ``closed`` (people may guess on one of them no more), ``had`` (there was one of the same
            two), ``too_many``.
    """
    numbers = sorted(set(posts))
    if len(numbers) < 2:
        raise DuelRefused("same_post")

    def begin(session: Session) -> Duel:
        first, second = (session.get(Post, number) for number in numbers)
        if first is None or second is None or first.community_id != second.community_id:
            raise DuelRefused("not_here")
        for each in (first, second):
            if each.hidden_at is not None or each.silent or each.origin is not PostOrigin.LIVE:
                raise DuelRefused("not_here")
            if not takes_guesses(session, each, now):
                raise DuelRefused("closed")
        had = select(Duel.id).filter_by(first_post_id=first.id, second_post_id=second.id)
        if session.scalar(had) is not None:
            raise DuelRefused("had")
        open_now = session.scalar(
            select(func.count())
            .select_from(Duel)
            .where(Duel.community_id == first.community_id, Duel.state == DuelState.OPEN)
        )
        if (open_now or 0) >= MOST_OPEN:
            raise DuelRefused("too_many")
        duel = Duel(
            community_id=first.community_id, first_post_id=first.id, second_post_id=second.id,
            opened_at=now, state=DuelState.OPEN, place=place, tries=0,
        )  # fmt: skip
        session.add(duel)
        session.flush()
        return duel

    async with database.read() as session:
        post = await session.get(Post, numbers[0])
    scope = community_scope(0 if post is None else post.community_id)
    return await database.run_write(begin, alone_in=[scope])


def newest_pair(session: Session, community_id: int, now: datetime) -> list[int]:
    """The two newest posts of a community that people may guess on, fewer where there are not.

    Posts of one person are no pair, and no two meet again.
    """
    rows = session.execute(
        select(Post.id, Post.author_id)
        .where(
            Post.community_id == community_id,
            Post.guessing_closed_at > now,
            Post.state.in_((PostState.AWAITING_SCORE, PostState.PREDICTED)),
            Post.hidden_at.is_(None),
            # What is said of these moves votes, and they are there to measure that.
            Post.silent.is_(False),
        )
        .order_by(Post.posted_at.desc(), Post.id.desc())
        .limit(20)
    ).all()
    met = {
        (row.first_post_id, row.second_post_id)
        for row in session.execute(
            select(Duel.first_post_id, Duel.second_post_id).where(
                Duel.community_id == community_id, Duel.second_post_id.in_([row.id for row in rows])
            )
        )
    }
    for number, newer in enumerate(rows):
        for older in rows[number + 1 :]:
            pair = sorted((older.id, newer.id))
            one_person = newer.author_id is not None and newer.author_id == older.author_id
            if not one_person and tuple(pair) not in met:
                return pair
    return [row.id for row in rows[:1]]


async def place_duel_guess(
    database: Database,
    duel_id: int,
    *,
    platform: PlatformName,
    person: str,
    first: bool,
    now: datetime,
    is_bot: bool = False,
    most_a_day: int | None = None,
) -> None:
    """Store a person's guess of who wins, or change the one they made.

    Args:
        person: the keyed hash of their id.
        first: whether they name the older post.
        most_a_day: duels of the community that one person guesses on within 24 hours; None: all.

    Raises:
        GuessRefused: guessing on one of the posts is closed, one is their own, they opted out, or
            they guessed on too many.
    """
    if is_bot:
        raise GuessRefused(BOTS_DO_NOT_PLAY)

    def place(session: Session) -> None:
        duel = session.get(Duel, duel_id, with_for_update=LOCKED)
        if duel is None:
            raise GuessRefused(NO_SUCH_POST)
        posts = [session.get_one(Post, each) for each in (duel.first_post_id, duel.second_post_id)]
        if duel.state is not DuelState.OPEN or not duel_is_open(session, posts, now):
            raise GuessRefused(CLOSED)
        author = find_player(session, platform, person, posts)
        guess = session.get(DuelGuess, (duel_id, author.id))
        if guess is not None:
            guess.first, guess.guessed_at = first, now
            return
        if most_a_day and _guessed(session, duel, author.id, now - _DAY) >= most_a_day:
            raise GuessRefused(USED_UP)
        session.add(DuelGuess(duel_id=duel_id, author_id=author.id, first=first, guessed_at=now))

    await database.run_write(place, alone_in=[person_scope(platform, person)])


def duel_is_open(session: Session, posts: Sequence[Post], now: datetime) -> bool:
    """Whether people may guess on a duel: as long as on each of its posts."""
    return all(takes_guesses(session, each, now) for each in posts)


def closes_at(posts: Sequence[Post]) -> datetime | None:
    """When guessing on a duel closes: when it does on the first of its posts."""
    times = [each.guessing_closed_at for each in posts if each.guessing_closed_at is not None]
    return min(times, default=None)


def sides(session: Session, duel: Duel) -> tuple[Side, Side]:
    """What each side of a duel earns, and how many people named it."""
    rate = duel.base_rate if duel.base_rate is not None else _base_rate(session, duel)
    counted = {
        row.first: row.people
        for row in session.execute(
            select(DuelGuess.first, func.count().label("people"))
            .where(DuelGuess.duel_id == duel.id)
            .group_by(DuelGuess.first)
        )
    }
    return (
        Side(1 / rate - 1, counted.get(True, 0)),
        Side(1 / (1 - rate) - 1, counted.get(False, 0)),
    )


def settle_duels(session: Session) -> int:
    """Decide the open duels that can be decided; return how many ended.

    Needs a write session in which nobody else decides any (`DUELS`). Each is decided once: by the
    two labels, or void where a post gets none.
    """
    rows = session.execute(_to_settle().order_by(Duel.id)).all()
    for duel, score, against, comparable, is_gone in rows:
        if is_gone or not comparable:
            duel.state = DuelState.VOID
        elif score == against:
            duel.state = DuelState.DRAWN
            _earn(session, duel)
        else:
            duel.base_rate = _base_rate(session, duel)
            duel.state, duel.first_won = DuelState.DECIDED, score > against
            _earn(session, duel)
        # The next one is scored by this one, too.
        session.flush()
    return len(rows)


def can_be_settled(session: Session) -> bool:
    """Whether there is anything for `settle_duels`."""
    return session.execute(_to_settle().limit(1)).first() is not None


def _to_settle() -> Select[Duel, float, float, bool, bool]:
    first, second = aliased(Post), aliased(Post)
    one, other = aliased(Label), aliased(Label)
    gone = [or_(each.state.in_(_ENDED), each.hidden_at.is_not(None)) for each in (first, second)]
    return (
        select(Duel, one.score, other.score, one.measure == other.measure, or_(*gone))
        .join(first, first.id == Duel.first_post_id)
        .join(second, second.id == Duel.second_post_id)
        .outerjoin(one, one.post_id == first.id)
        .outerjoin(other, other.post_id == second.id)
        .where(
            Duel.state == DuelState.OPEN,
            or_(*gone, one.post_id.is_not(None) & other.post_id.is_not(None)),
        )
    )


def _earn(session: Session, duel: Duel) -> None:
    for guess in session.scalars(select(DuelGuess).filter_by(duel_id=duel.id)):
        if duel.first_won is None or duel.base_rate is None:
            guess.points = 0.0
        elif guess.first is duel.first_won:
            rate = duel.base_rate if guess.first else 1 - duel.base_rate
            guess.points = 1 / rate - 1
        else:
            guess.points = -1.0


def _base_rate(session: Session, duel: Duel) -> float:
    """How often the older post won the community's duels so far, 0 to 1; one of each is added."""
    won, n = session.execute(
        select(
            func.coalesce(func.sum(case((Duel.first_won.is_(True), 1), else_=0)), 0), func.count()
        ).where(Duel.community_id == duel.community_id, Duel.state == DuelState.DECIDED)
    ).one()
    return float((won + 1) / (n + 2))


def _guessed(session: Session, duel: Duel, author_id: int, since: datetime) -> int:
    query = (
        select(func.count())
        .select_from(DuelGuess)
        .join(Duel, Duel.id == DuelGuess.duel_id)
        .where(
            DuelGuess.author_id == author_id,
            DuelGuess.guessed_at > since,
            Duel.community_id == duel.community_id,
        )
    )
    return session.scalar(query) or 0


def duel_players(
    session: Session,
    *,
    duel_id: int | None = None,
    community_ids: Collection[int] = (),
    author_id: int | None = None,
    limit: int,
) -> list[DuelPlayer]:
    """Who guessed how well, the best first; people who opted out are left out.

    Args:
        duel_id: on one duel; None: on those of some communities.
        community_ids: which communities, where no duel is named.
        author_id: only of one person; None: of all.
    """
    points = func.sum(DuelGuess.points)
    hits = func.sum(case((DuelGuess.points > 0, 1), else_=0))
    which = Duel.id == duel_id if duel_id is not None else Duel.community_id.in_(community_ids)
    query = (
        select(Author.id, Author.hash, Author.sealed_id, points, hits, func.count())
        .join(DuelGuess, DuelGuess.author_id == Author.id)
        .join(Duel, Duel.id == DuelGuess.duel_id)
        .where(which, Duel.state == DuelState.DECIDED, Author.opted_out_at.is_(None))
        .group_by(Author.id, Author.hash, Author.sealed_id)
        .order_by(desc(points), Author.id)
        .limit(limit)
    )
    if author_id is not None:
        query = query.where(Author.id == author_id)
    return [
        DuelPlayer(row[0], row[1], row[2], row[3], int(row[4]), row[5])
        for row in session.execute(query)
    ]


def chance_of_first(first: Sequence[float], second: Sequence[float]) -> float:
    """How probable two predictions make it that the first post beats the second, 0 to 1.

    Args:
        first: its ten bins of the percentile, lowest first.
        second: the same of the other; in the same bin, each is as likely to win.
    """
    below, chance = 0.0, 0.0
    for one, other in zip(first, second, strict=True):
        chance += one * (below + other / 2)
        below += other
    return chance
