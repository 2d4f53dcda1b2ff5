"""The pictures that a backbone is fine-tuned on."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from models.facts import labelled_facts
from storage.engine.database import Database
from storage.engine.invalid_text import keep_odd_text
from storage.files.image_store import ImageStore
from storage.tables import Image, QuarantinedImage
from trainer.backbone.finetune_canvas import canvas
from trainer.data.flaws import flaw_without_embedding
from trainer.data.splits import SHARES
from trainer.data.targets import Ranking, soft_bins

#: Share of the posts, the oldest, that is learned from: the gate calibrates on and judges by the
#: rest, which the backbone must not have seen.
LEARNED = SHARES[0] + SHARES[1]

Numbers = NDArray[np.float64]
#: Looks at a file as `canvas` does; None also where it is left out.
Look = Callable[[Path, int], NDArray[np.uint8] | None]


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file and the soft bins of its label, float64 [10].

    Attributes:
        path: of the file.
        target: the bins.
        fetch: gives the path of a file that may have to be fetched first; None: it is there.
        image_id: of the stored image; None: it is not stored.
    """

    path: Path
    target: Numbers
    fetch: Callable[[], Path] | None = None
    image_id: int | None = None

    def canvas(self, side: int, look: Look = canvas) -> NDArray[np.uint8] | None:
        """The image as ``look`` gives it; None where it is gone or cannot be decoded.

        Raises:
            ObjectStoreFault: it cannot be fetched now.
        """
        try:
            path = self.path if self.fetch is None else self.fetch()
        except FileNotFoundError:
            return None
        return look(path, side)


async def read_pictures(
    database_url: str, store: ImageStore, *, without: Collection[int] = ()
) -> tuple[list[Picture], Counter[str]]:
    """The older labelled posts whose image file is still kept (`LEARNED`), the oldest first.

    Those of communities in ``without`` are left out: their posts teach nobody else. So are those
    whose image is quarantined.

    Returns:
        They, and how many posts cannot be learned from, by reason.
    """
    database = Database(database_url)
    keep_odd_text(database)
    posts, dropped, now = [], Counter[str](), datetime.now(UTC)
    try:
        async with database.read() as session:
            async for post in labelled_facts(session):
                if post.community_id in without:
                    continue
                reason = flaw_without_embedding(post, now)
                if reason is None:
                    posts.append(post)
                else:
                    dropped[reason] += 1
            query = select(Image.id, Image.sha256).where(
                Image.dropped_at.is_(None),
                # They ended every process that looked at them.
                Image.id.not_in(select(QuarantinedImage.image_id)),
            )
            sha256 = {row.id: row.sha256 for row in await session.execute(query)}
    finally:
        await database.close()
    kept = [post for post in posts if post.image_id in sha256]
    kept = kept[: round(LEARNED * len(kept))]
    if not kept:
        return [], dropped
    score = np.array([post.score for post in kept])
    community = np.array([post.community_id for post in kept])
    platform = np.array([post.platform for post in kept])
    ranking = Ranking(score, community, platform)
    targets = soft_bins(ranking.intervals(score, community, platform))
    pictures = []
    for post, target in zip(kept, targets, strict=True):
        name = sha256[post.image_id]
        fetch = partial(store.local, name)
        pictures.append(Picture(store.path(name), target, fetch, post.image_id))
    return pictures, dropped
