"""Genres that a file of posts gives them: they count as said by whoever runs this Peoria."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.posts.genres import GenreRefused, correct_genre_as_operator, read_genre
from storage.files.posts_export import FilePost
from storage.tables import Community, GenreCorrection, Post


def note_genres(
    session: Session,
    community: Community,
    posts: Sequence[tuple[str, FilePost]],
    now: datetime,
) -> Counter[str]:
    """Note the genres of posts of a community that are stored, where the file says another now.

    Args:
        session: a write session.
        community: whose posts they are.
        posts: with their ids as stored.
        now: aware.

    Returns:
        what is no genre of the community, and how often it stands in the file.
    """
    unknown = Counter[str]()
    named: dict[str, str] = {}
    for source_id, post in posts:
        if post.genre is None:
            continue
        try:
            named[source_id] = read_genre(post.genre, community)
        except GenreRefused:
            unknown[post.genre] += 1
    rows = session.execute(
        select(Post.id, Post.source_id, GenreCorrection.genre)
        .outerjoin(
            GenreCorrection,
            (GenreCorrection.post_id == Post.id) & GenreCorrection.author_id.is_(None),
        )
        .where(Post.platform == community.platform, Post.source_id.in_(named))
    ).all()
    for row in rows:
        if row.genre == named[row.source_id]:
            continue
        try:
            correct_genre_as_operator(session, row.id, named[row.source_id], now)
        except GenreRefused:
            # The post was refused since: it has no picture that a genre could be of.
            continue
    return unknown
