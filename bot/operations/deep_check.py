"""`main.py doctor --deep`: every stored image file, held against its hash."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import select

from bot.operations.findings import Finding, State
from storage.engine.database import Database
from storage.files.image_store import Flaw, ImageStore
from storage.tables import Image

#: Files that are named in the sentence, at most.
_NAMED = 3


async def check_images(database: Database, images: ImageStore) -> Finding:
    """Read every image file that the tables know, and say which are damaged or gone."""
    async with database.read() as session:
        there = select(Image.sha256).where(Image.dropped_at.is_(None)).order_by(Image.id)
        stored = list(await session.scalars(there))
    flaws = await images.on_thread(_flaws, images, stored)
    if not flaws:
        return Finding(
            "images", State.WELL, f"All {len(stored):,} files hold what their hashes say."
        )
    counted = ", ".join(f"{n:,} {flaw.value}" for flaw, n in Counter(flaws.values()).items())
    named = ", ".join([*flaws][:_NAMED])
    more = f" and {len(flaws) - _NAMED:,} more" if len(flaws) > _NAMED else ""
    return Finding(
        "images",
        State.LOOK,
        f"Of {len(stored):,} files {len(flaws):,} are damaged ({counted}): {named}{more}. Put them"
        " back from a backup with images; the same image posted again mends its file, too."
        " Predictions and labels stay as they are.",
    )


def _flaws(images: ImageStore, stored: Iterable[str]) -> dict[str, Flaw]:
    found = {}
    for sha256 in stored:
        flaw = images.flaw(sha256)
        if flaw is not None:
            found[images.where(sha256)] = flaw
    return found
