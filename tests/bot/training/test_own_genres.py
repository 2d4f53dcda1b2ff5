"""A community's own genres: learned from what people say, and told of its posts."""

import numpy as np
import pytest
from sqlalchemy import select, update

from bot.core import Core
from bot.posts.own_genres import OwnGenres
from bot.training.genres import GenresNotLearned, UnknownGenreVersion
from bot.training.own_genres import LEAST, OwnGenreRefits
from storage.queries.attributes import LooksLike
from storage.tables import (
    Community,
    Embedding,
    GenreCorrection,
    Image,
    ModelVersion,
    Post,
    PostImage,
)
from storage.types import OWN_GENRES
from tests.fixtures.rows import LATER, one_post, row

OWN = "cat picture"
#: Posts of cats, and of anything else; of each so many are corrected.
CATS, OTHERS, CORRECTED = 40, 60, 20


async def posts(core: Core) -> None:
    """Cats look alike, and others do not; half of the cats are called so."""
    random = np.random.default_rng(1)
    cat = random.normal(size=1280)
    async with core.database.write() as session:
        for each in one_post():
            session.add(each)
            await session.flush()
        backbone = await session.scalar(
            select(ModelVersion.backbone).where(ModelVersion.is_champion)
        )
        for number in range(100, 100 + CATS + OTHERS):
            is_cat = number < 100 + CATS
            said = number - (100 if is_cat else 100 + CATS) < CORRECTED
            genre = (OWN if is_cat else "political") if said else None
            session.add(row(Post, id=number, source_id=f"p{number}", genre=genre))
            session.add(row(Image, id=number, sha256=f"{number:064}", phash=f"{number:016x}"))
            await session.flush()
            session.add(row(PostImage, post_id=number, image_id=number))
            seen = random.normal(size=1280) + is_cat * cat
            vector = seen.astype("<f2").tobytes()
            session.add(Embedding(image_id=number, backbone=backbone, vector=vector))
            if said:
                session.add(GenreCorrection(post_id=number, genre=genre, corrected_at=LATER))
        await session.execute(update(Community).values(options={OWN_GENRES: [OWN, "dog picture"]}))


async def found(core: Core, genre: str) -> set[int]:
    async with core.database.read() as session:
        return {*await session.scalars(select(Post.id).where(LooksLike(genre=genre).of_post()))}


async def test_a_genre_with_enough_corrections_is_told_of_all_posts(core: Core) -> None:
    await posts(core)
    refits = OwnGenreRefits(core.database, core.settings.versions_dir, clock=core.clock)
    teller = OwnGenres(core.database, core.settings.versions_dir)
    assert await teller.tell_next() == 0

    assert await refits.refit_if_due() == 1

    (community,) = await refits.with_own()
    (version,) = refits.versions(community.id)
    assert version.verdict["promoted"], version.verdict
    # Of dogs nobody spoke.
    assert version.genres == [OWN]
    assert refits.serving(community.id) == version.name
    assert await refits.refit_if_due() == 0

    assert await teller.tell_next() == CATS + OTHERS
    assert await teller.tell_next() == 0
    cats = set(range(100, 100 + CATS))
    told = await found(core, OWN)
    assert len(told & cats) >= CATS - 4
    assert len(told - cats) <= 1
    # What people said counts before what is told.
    assert await found(core, "political") >= set(range(100 + CATS, 100 + CATS + CORRECTED))

    # What the community gives up is told no more, and again once it has it again.
    for names, told_now in (["dog picture"], set(range(100, 100 + CORRECTED))), ([OWN], told):
        async with core.database.write() as session:
            await session.execute(update(Community).values(options={OWN_GENRES: names}))
        assert await teller.tell_next() == CATS + OTHERS
        assert await found(core, OWN) == told_now

    # What was promoted can be taken back, and then nothing is told any more.
    assert refits.rollback(community.id) is None
    assert await teller.tell_next() == CATS + OTHERS
    assert await found(core, OWN) == set(range(100, 100 + CORRECTED))
    with pytest.raises(UnknownGenreVersion, match=version.name):
        refits.promote(community.id, "nothing")


async def test_too_few_corrections_teach_nothing(core: Core) -> None:
    await posts(core)
    async with core.database.write() as session:
        few = Post.id.in_(range(100 + LEAST - 1, 100 + CATS))
        await session.execute(update(Post).where(few).values(genre=None))
    refits = OwnGenreRefits(core.database, core.settings.versions_dir, clock=core.clock)
    (community,) = await refits.with_own()
    with pytest.raises(GenresNotLearned, match=f"{LEAST} corrected posts"):
        await refits.refit(community)
    with pytest.raises(UnknownGenreVersion, match="No genre version"):
        refits.rollback(community.id)
