"""The pictures that a backbone is fine-tuned on: read, cropped, mirrored, coloured."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from sqlalchemy import select

from models.decoding import ImageRefused, decode
from models.facts import labelled_facts
from storage.engine.database import Database
from storage.engine.invalid_text import keep_odd_text
from storage.files.image_store import ImageStore
from storage.tables import Image, QuarantinedImage
from trainer.data.flaws import flaw_without_embedding
from trainer.data.splits import SHARES
from trainer.data.targets import Ranking, soft_bins

#: An image is squashed to so many times the side that the network sees of it.
MARGIN = 256 / 224

#: Share of the posts, the oldest, that is learned from: the gate calibrates on and judges by the
#: rest, which the backbone must not have seen.
LEARNED = SHARES[0] + SHARES[1]

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file and the soft bins of its label, float64 [10].

    Attributes:
        path: of the file.
        target: the bins.
        fetch: gives the path of a file that may have to be fetched first; None: it is there.
    """

    path: Path
    target: Numbers
    fetch: Callable[[], Path] | None = None

    def canvas(self, side: int) -> NDArray[np.uint8] | None:
        """The image as `canvas` gives it; None where it is gone or cannot be decoded.

        Raises:
            ObjectStoreFault: it cannot be fetched now.
        """
        try:
            path = self.path if self.fetch is None else self.fetch()
        except FileNotFoundError:
            return None
        return canvas(path, side)


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
    pictures = [
        Picture(store.path(name), target, partial(store.local, name))
        for name, target in zip((sha256[post.image_id] for post in kept), targets, strict=True)
    ]
    return pictures, dropped


def canvas(path: Path, side: int) -> NDArray[np.uint8] | None:
    """An image squashed to a square a little larger than ``side``, uint8; None if undecodable."""
    size = round(side * MARGIN)
    try:
        decoded = decode(path.read_bytes(), size=size)
    except (ImageRefused, OSError):
        return None
    return np.asarray(decoded.pixels.resize((size, size), Pillow.Resampling.BILINEAR))


def augmented(image: NDArray[np.uint8], side: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """A random crop, perhaps mirrored, brightness, contrast and colour changed at random.

    Args:
        image: uint8 [larger, larger, 3] from `canvas`.
        side: of the crop, px.
        rng: draws the changes.

    Returns:
        float32 [side, side, 3] in [-1, 1].
    """
    top, left = rng.integers(0, len(image) - side + 1, 2)
    crop = image[top : top + side, left : left + side].astype(np.float32) / 127.5 - 1
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    crop = crop * rng.uniform(0.8, 1.2) + rng.uniform(-0.15, 0.15)
    return np.clip(crop * rng.uniform(0.92, 1.08, 3), -1, 1).astype(np.float32)


def whole(image: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """The whole image as when serving: float32 [side, side, 3] in [-1, 1]."""
    small = Pillow.fromarray(image).resize((side, side), Pillow.Resampling.BILINEAR)
    return np.asarray(small, np.float32) / 127.5 - 1
