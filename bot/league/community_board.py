"""The board of communities: where popularity is predicted best."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.league.board_rows import BoardRow, ranked_by_skill, rps_skill
from bot.league.intervals import Moments, points_interval, wilson
from storage.tables import Community, CommunityGuesses, Standing
from storage.types import ForecasterKind


async def community_board(session: AsyncSession, season: str, min_guesses: int) -> list[BoardRow]:
    """All communities with enough scored predictions, by the skill of the models there."""
    sums = [
        func.sum(column).label(column.key)
        for column in (
            Standing.n, Standing.hits, Standing.expected_hits, Standing.points,
            Standing.points_squared, Standing.log_sum, Standing.rps_sum, Standing.base_rps_sum,
            Standing.brier_sum,
        )
    ]  # fmt: skip
    # Named one by one, so that the index leads past people and past the sums over all communities.
    communities = select(Community.id).scalar_subquery()
    scored = (
        select(Standing.community_id, *sums)
        .where(
            Standing.season == season,
            Standing.community_id.in_(communities),
            Standing.kind == ForecasterKind.MODEL,
        )
        .group_by(Standing.community_id)
    )
    models = (await session.execute(scored)).all()
    guessed = await session.scalars(select(CommunityGuesses).filter_by(season=season))
    people = {each.community_id: each for each in guessed}
    names = {
        row.id: row.name for row in await session.execute(select(Community.id, Community.name))
    }
    rows = []
    for row in models:
        if row.n < min_guesses:
            continue
        guesses = people.get(row.community_id)
        rows.append(
            BoardRow(
                rank=None,
                id=row.community_id,
                label=names[row.community_id],
                n=row.n,
                hits=row.hits,
                hit_rate=row.hits / row.n,
                base_rate=row.expected_hits / row.n,
                interval=wilson(row.hits, row.n),
                points=row.points,
                points_interval=points_interval(Moments(row.n, row.points, row.points_squared)),
                rps_skill=rps_skill(row.n, row.rps_sum, row.base_rps_sum),
                log_score=row.log_sum / row.n,
                brier=row.brier_sum / row.n,
                people_n=guesses.n if guesses else 0,
                people_hit_rate=guesses.hits / guesses.n if guesses else None,
                people_base_rate=guesses.expected_hits / guesses.n if guesses else None,
            )
        )
    return ranked_by_skill(rows)
