"""The boards of people and of model versions, read from their standings."""

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.league.board_rows import BoardPage, BoardRow, ranked_by_skill, rps_skill
from bot.league.intervals import Moments, points_interval, wilson
from storage.tables import Author, ModelVersion, Standing
from storage.types import ForecasterKind


async def people_board(
    session: AsyncSession,
    season: str,
    community_id: int,
    *,
    offset: int,
    limit: int,
    min_guesses: int,
    me: int | None,
) -> BoardPage:
    """A page of the people by points; `read_board` says what the arguments are."""
    hidden = select(Author.id).where(Author.opted_out_at.is_not(None))
    here = (
        _standings(season, community_id, ForecasterKind.PERSON)
        & (Standing.n >= min_guesses)
        & Standing.forecaster_id.not_in(hidden)
    )
    query = (
        select(Standing, Author.hash)
        .join(Author, Author.id == Standing.forecaster_id)
        .where(here)
        .order_by(Standing.points.desc(), Standing.n, Standing.forecaster_id)
        .offset(offset)
        .limit(limit)
    )
    rows = [
        _forecaster(standing, name, offset + place)
        for place, (standing, name) in enumerate(await session.execute(query), start=1)
    ]
    total = await _count(session, here)
    mine = None
    if me is not None:
        mine = await _own_row(
            session, season, community_id, here, min_guesses=min_guesses, author_id=me
        )
    return BoardPage(rows, total, mine)


async def models_board(
    session: AsyncSession, season: str, community_id: int, min_guesses: int
) -> list[BoardRow]:
    """All model versions with enough predictions, by skill."""
    query = (
        select(Standing, ModelVersion.name)
        .join(ModelVersion, ModelVersion.id == Standing.forecaster_id)
        .where(_standings(season, community_id, ForecasterKind.MODEL), Standing.n >= min_guesses)
    )
    rows = [_forecaster(standing, name, None) for standing, name in await session.execute(query)]
    return ranked_by_skill(rows)


async def _own_row(
    session: AsyncSession,
    season: str,
    community_id: int,
    ranked: ColumnElement[bool],
    *,
    min_guesses: int,
    author_id: int,
) -> BoardRow | None:
    """A person's row, with its rank among the ``ranked``; None where they have none."""
    query = (
        select(Standing, Author.hash)
        .join(Author, Author.id == Standing.forecaster_id)
        .where(
            _standings(season, community_id, ForecasterKind.PERSON),
            Standing.forecaster_id == author_id,
            Author.opted_out_at.is_(None),
        )
    )
    found = (await session.execute(query)).one_or_none()
    if found is None:
        return None
    standing, name = found
    rank = None
    if standing.n >= min_guesses:
        rank = await _count(session, ranked & _ahead_of(standing)) + 1
    return _forecaster(standing, name, rank)


def _standings(season: str, community_id: int, kind: ForecasterKind) -> ColumnElement[bool]:
    return and_(
        Standing.season == season, Standing.community_id == community_id, Standing.kind == kind
    )


def _ahead_of(mine: Standing) -> ColumnElement[bool]:
    return or_(
        Standing.points > mine.points,
        and_(
            Standing.points == mine.points,
            or_(
                Standing.n < mine.n,
                and_(Standing.n == mine.n, Standing.forecaster_id < mine.forecaster_id),
            ),
        ),
    )


async def _count(session: AsyncSession, which: ColumnElement[bool]) -> int:
    return (await session.scalars(select(func.count()).select_from(Standing).where(which))).one()


def _forecaster(standing: Standing, name: str, rank: int | None) -> BoardRow:
    n, blind = standing.n, standing.blind_n
    is_model = standing.kind is ForecasterKind.MODEL
    return BoardRow(
        rank=rank,
        id=standing.forecaster_id,
        label=name,
        n=n,
        hits=standing.hits,
        hit_rate=standing.hits / n,
        base_rate=standing.expected_hits / n,
        interval=wilson(standing.hits, n),
        points=standing.points,
        points_interval=points_interval(Moments(n, standing.points, standing.points_squared)),
        streak=standing.streak,
        best_streak=standing.best_streak,
        blind_n=blind,
        blind_hit_rate=standing.blind_hits / blind if blind else None,
        blind_base_rate=standing.blind_expected_hits / blind if blind else None,
        blind_points=standing.blind_points if blind else None,
        bot_hit_rate=standing.bot_hits / blind if blind else None,
        bot_points=standing.bot_points if blind else None,
        rps_skill=rps_skill(n, standing.rps_sum, standing.base_rps_sum) if is_model else None,
        log_score=standing.log_sum / n if is_model else None,
        brier=standing.brier_sum / n if is_model else None,
    )
