"""Posts that were deleted where they were published: nothing of what they said is kept.

What stays are numbers that others are measured by (score, label, predictions) and the platform's
id, so that the post is not taken for a new one.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select, update

from bot.people.erasure import drop_files, waiting_uploads
from storage.engine.database import Database
from storage.files.image_store import ImageStore
from storage.tables import Embedding, GenreCorrection, Image, Post, PostImage
from storage.types import UNLABELLED, PostState


async def forget_posts(
    database: Database, post_ids: Collection[int], *, images: ImageStore, now: datetime
) -> int:
    """Delete titles, pictures, embeddings and authors of some posts; return how many posts.

    A picture that another post shows as well stays with that one. Posts without a label are
    withdrawn; a reply to one is removed by the next tick.
    """
    if not post_ids:
        return 0
    theirs = select(Post.id).where(Post.id.in_(post_ids))
    async with database.write() as session:
        of_others = select(PostImage.image_id).where(
            PostImage.image_id.is_not(None), PostImage.post_id.not_in(theirs)
        )
        only_theirs = select(PostImage.image_id).where(
            PostImage.image_id.is_not(None),
            PostImage.post_id.in_(theirs),
            PostImage.image_id.not_in(of_others),
        )
        found = (await session.scalars(select(Image).where(Image.id.in_(only_theirs)))).all()
        dropped = [image.sha256 for image in found]
        dropped += await waiting_uploads(session, theirs)
        await session.execute(
            delete(Embedding).where(Embedding.image_id.in_([image.id for image in found]))
        )
        for image in found:
            image.text = None if image.text is None else ""
            image.attributes = image.genre = image.expression = image.faces = None
            image.dropped_at = image.dropped_at or now
        await session.execute(delete(GenreCorrection).where(GenreCorrection.post_id.in_(theirs)))
        await session.execute(
            update(PostImage).where(PostImage.post_id.in_(theirs)).values(source="")
        )
        await session.execute(
            update(Post)
            .where(Post.id.in_(post_ids), Post.state.in_(UNLABELLED))
            .values(state=PostState.WITHDRAWN, due_at=None)
        )
        emptied = await session.scalars(
            update(Post)
            .where(Post.id.in_(post_ids))
            .values(title="", link=None, author_id=None, genre=None, hidden_at=now)
            .returning(Post.id)
        )
        count = len(emptied.all())
    await drop_files(images, dropped)
    return count
