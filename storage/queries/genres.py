"""What people say of genres: dropping one person's words, and all words for learning."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.tables import GenreCorrection, Post


def drop_corrections(session: Session, author_id: int) -> int:
    """Delete what a person said of genres; what was said before then counts. Return how much."""
    said = session.scalars(select(GenreCorrection).filter_by(author_id=author_id)).all()
    posts = {each.post_id for each in said}
    for each in said:
        session.delete(each)
    session.flush()
    for post_id in posts:
        session.get_one(Post, post_id).genre = session.scalar(
            select(GenreCorrection.genre)
            .where(GenreCorrection.post_id == post_id)
            .order_by(GenreCorrection.corrected_at.desc(), GenreCorrection.id.desc())
            .limit(1)
        )
    return len(said)
