"""Genre heads that are learned here: versions, the gate, rolling back, and what serves."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from bot.core import Core
from bot.training.genres import LEAST_NEW, GenreRefits, GenresNotLearned, UnknownGenreVersion
from models.attributes.genre import GENRES, GenreHead
from models.attributes.read import AttributeReader
from models.attributes.serving_genres import SHIPPED, ServingGenres, head_path
from storage.tables import Embedding, GenreCorrection, Image, Post, PostImage
from tests.fixtures.rows import LATER, one_post, row


async def corrections(core: Core, count: int) -> None:
    """People said of `count` pictures of a kind that they are political."""
    backbone = GenreHead.load(head_path(Path(), SHIPPED)).backbone
    random = np.random.default_rng(0)
    kind = random.random(1280)
    async with core.database.write() as session:
        for each in one_post():
            session.add(each)
            await session.flush()
        for number in range(10, 10 + count):
            session.add(row(Post, id=number, source_id=f"p{number}", genre="political"))
            session.add(row(Image, id=number, sha256=f"{number:064}", phash=f"{number:016x}"))
            await session.flush()
            session.add(row(PostImage, post_id=number, image_id=number))
            vector = (kind + random.normal(scale=0.05, size=1280)).astype("<f2").tobytes()
            session.add(row(Embedding, image_id=number, backbone=backbone, vector=vector))
            session.add(GenreCorrection(post_id=number, genre="political", corrected_at=LATER))


async def test_what_is_better_serves_and_can_be_rolled_back(core: Core) -> None:
    await corrections(core, 30)
    refits = GenreRefits(core.database, core.settings.versions_dir, clock=core.clock)
    served = ServingGenres(core.settings.versions_dir / "genres")
    before = served.head()
    assert await refits.refit_if_due()
    (version,) = refits.versions()
    assert version.verdict["promoted"], version.verdict
    assert version.said == 30
    assert refits.serving().name == version.name
    # A process that runs takes it up by itself.
    assert served.head().fingerprint != before.fingerprint
    # Nothing new was said: nothing is tried.
    assert not await refits.refit_if_due()
    assert refits.rollback() == SHIPPED
    assert served.head().fingerprint == before.fingerprint
    refits.promote(version.name)
    with pytest.raises(UnknownGenreVersion, match=version.name):
        refits.promote("nothing")
    # A damaged file leaves the place to the one that shipped.
    head_path(core.settings.versions_dir / "genres", version.name).write_bytes(b"x")
    assert (
        ServingGenres(core.settings.versions_dir / "genres").head().fingerprint
        == before.fingerprint
    )


async def test_without_corrections_nothing_is_learned(core: Core) -> None:
    refits = GenreRefits(core.database, core.settings.versions_dir, clock=core.clock)
    assert not await refits.refit_if_due()
    with pytest.raises(GenresNotLearned, match="Nobody said anything"):
        await refits.refit()
    with pytest.raises(UnknownGenreVersion):
        refits.rollback()
    assert refits.versions() == []
    assert LEAST_NEW > 1


def test_a_reader_asks_the_head_that_serves(tmp_path: Path) -> None:
    shipped = GenreHead.load(head_path(tmp_path, SHIPPED))
    sure = np.full(len(GENRES), -50, np.float32)
    sure[3] = 50
    learned = GenreHead(np.zeros((1280, 8), np.float32), sure, shipped.backbone, "")
    folder = head_path(tmp_path, "mine")
    folder.parent.mkdir()
    learned.save(folder)
    (tmp_path / "serving.json").write_text('{"name": "mine", "before": "shipped"}', "utf-8")
    picture = Picture.new("RGB", (64, 64), (200, 30, 30))
    found = AttributeReader(tmp_path).read(
        picture, np.ones(1280, np.float32), backbone=shipped.backbone
    )
    assert found.genre is not None
    assert found.genre.name == GENRES[3]
