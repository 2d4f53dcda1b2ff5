"""Files of uploads that were refused: nothing needs them any more."""

from collections.abc import Sequence

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from bot.posts.ingest import STORED
from storage.engine.database import Database
from storage.files.image_store import ImageStore
from storage.tables import Image, Post, PostImage


async def drop_refused_files(database: Database, images: ImageStore, post: Post) -> None:
    """Delete the stored files of a refused post that no image and no other post is made of.

    Links are not stored before they are understood; only uploads are.
    """
    sources = [each.source for each in post.images if each.source.startswith(STORED)]
    if not sources or not images.drops_at_once:
        # Nobody waits for a network within a transaction: there the clean-up does it.
        return

    def drop(session: Session) -> None:
        # In a write transaction: a post that comes with the same file is stored before or after.
        for source in _unused(session, sources):
            images.drop(source.removeprefix(STORED))

    await database.run_write(drop)


def _unused(session: Session, sources: Sequence[str]) -> list[str]:
    return [
        source
        for source in sources
        if not session.scalar(
            select(
                exists().where(Image.sha256 == source.removeprefix(STORED))
                | exists().where(PostImage.source == source, PostImage.refusal.is_(None))
            )
        )
    ]
