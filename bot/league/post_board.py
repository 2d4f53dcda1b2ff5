"""The board of posts, by score."""

from datetime import datetime

from sqlalchemy import and_, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from bot.league.board_rows import BoardPage, BoardRow
from storage.tables import Community, Label, Post

#: A board of posts is no longer than this.
MOST_POSTS = 1000


async def post_board(
    session: AsyncSession,
    span: tuple[datetime, datetime] | None,
    community_id: int | None,
    *,
    offset: int,
    limit: int,
) -> BoardPage:
    """A page of the posts whose score became final within a span; None: at any time."""
    here = true() if community_id is None else Label.community_id == community_id
    if span is not None:
        here = and_(here, Label.matured_at >= span[0], Label.matured_at < span[1])
    # Counted no further than the board's length: counting a million posts would be slow.
    counted = select(Label.post_id).where(here).limit(MOST_POSTS).subquery()
    total = (await session.scalars(select(func.count()).select_from(counted))).one()
    top = (
        select(Label.post_id)
        .where(here)
        .order_by(Label.score.desc(), Label.post_id)
        .offset(offset)
        .limit(max(min(limit, MOST_POSTS - offset), 0))
    )
    ids = list(await session.scalars(top))
    found = await session.execute(
        select(Post, Label, Community.name)
        .join(Label, Label.post_id == Post.id)
        .join(Community, Community.id == Post.community_id)
        .where(Post.id.in_(ids))
    )
    by_id = {post.id: (post, label, name) for post, label, name in found}
    rows = [_post(*by_id[post_id], offset + place) for place, post_id in enumerate(ids, start=1)]
    return BoardPage(rows, total, None)


def _post(post: Post, label: Label, community: str, rank: int) -> BoardRow:
    return BoardRow(
        rank=rank,
        id=post.id,
        label=post.title if post.hidden_at is None else "",
        score=label.score,
        percentile=(label.percentile_low + label.percentile_high) / 2,
        bucket=label.bucket,
        spoiler=post.is_spoiler,
        link=post.link if post.hidden_at is None else None,
        community_id=post.community_id,
        community=community,
        matured_at=label.matured_at,
    )
