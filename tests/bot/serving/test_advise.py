"""Advice before posting, and how often such advice was right, from what is stored."""

from datetime import timedelta
from functools import partial

import numpy as np
import pytest
from sqlalchemy.orm import Session

from bot.core import Core
from bot.serving.advice_phrases import hour_sentences, place_sentence, ranking_sentences
from bot.serving.advise import Advice, TooManyVariants, Variant, advise
from bot.serving.audience import find_audience
from bot.serving.predict_image import predict_image
from storage.tables import Author, Community, Image, Label, Post, PostImage, Prediction
from storage.types import PostState
from tests.fixtures import images
from tests.fixtures.rows import MOMENT, row

PHOTO = images.encode(images.photo(), "PNG")
WIDE = images.encode(images.photo(200, 60), "PNG")


def scored_posts(session: Session, *, communities: int = 1, posts: int = 40, right: bool) -> None:
    """Posts with a prediction and a label each; the score follows the prediction, or defies it."""
    session.add_all([row(Author), row(Image)])
    number = 0
    for community in range(1, communities + 1):
        session.add(
            row(Community, id=community, source_id=f"test{community}", name=f"r/test{community}")
        )
        session.flush()
        for each in range(posts):
            number += 1
            at = MOMENT - timedelta(hours=3 * number)
            score = float(each if right else -each)
            bins = np.linspace(1, 1 + each, 10)
            low = (each if right else posts - 1 - each) / posts
            common = {"post_id": number}
            session.add(
                row(
                    Post, id=number, community_id=community, source_id=f"p{number}",
                    posted_at=at, seen_at=at, predicted_at=at, due_at=None,
                    state=PostState.LABELLED,
                )
            )  # fmt: skip
            session.flush()
            session.add_all(
                [
                    row(PostImage, image_id=1, **common),
                    row(
                        Prediction, id=number, model_version_id=1, made_at=at,
                        bins=list(bins / bins.sum()), scored_at=MOMENT, log_score=1.0, rps=0.1,
                        brier=0.5, **common,
                    ),
                    row(
                        Label, community_id=community, score=score, percentile_low=low,
                        percentile_high=low + 1 / posts, matured_at=at + timedelta(hours=2),
                        **common,
                    ),
                ]
            )  # fmt: skip
    session.flush()


async def ask(
    core: Core, *variants: Variant, community: str | None = None, **asked: object
) -> Advice:
    audience = await find_audience(core.database, community, MOMENT)
    return await advise(
        core.serving, core.database, variants, audience=audience, now=MOMENT, **asked  # type: ignore[arg-type]
    )  # fmt: skip


async def test_variants_are_ranked_by_what_is_predicted_of_each(core: Core) -> None:
    variants = [
        Variant("one", PHOTO, "A title"), Variant("bad", b"no picture", "A title"),
        Variant("two", PHOTO, "WHY?! 99 reasons"), Variant("three", WIDE, "A title"),
    ]  # fmt: skip
    found = await ask(core, *variants)
    assert [each.variant.name for each in found.refused] == ["bad"]
    assert {each.variant.name for each in found.ranked} == {"one", "two", "three"}
    beats = [each.card.beats for each in found.ranked]
    assert beats == sorted(beats, reverse=True)
    audience = await find_audience(core.database, None, MOMENT)
    for each in found.ranked:
        alone = await predict_image(
            core.serving, each.variant.data, title=each.variant.title, audience=audience, now=MOMENT
        )
        assert each.card.bins == pytest.approx(alone.card.bins)
        assert each.phash == alone.phash


async def test_without_scored_predictions_nothing_is_known_of_the_advice(core: Core) -> None:
    found = await ask(core, Variant("one", PHOTO, ""), Variant("two", WIDE, ""), hours=True)
    assert found.ranking.right is None
    assert found.close_call is None
    assert "is not known: 0 posts here" in ranking_sentences(found)[0]
    assert len(found.hours) == 24
    best = found.best_hour
    assert best is not None
    assert best.beats == max(each.beats for each in found.hours)
    assert best.at > MOMENT
    assert "is not known" in hour_sentences(found, "Europe/Berlin")[1]


@pytest.mark.parametrize("right", [True, False])
async def test_how_often_it_was_right_is_counted_from_what_was_stored(
    core: Core, right: bool
) -> None:
    await core.database.run_write(partial(scored_posts, right=right))
    found = await ask(
        core, Variant("one", PHOTO, ""), Variant("two", WIDE, ""), community="r/test1"
    )
    assert found.ranking.right == float(right)
    assert found.ranking.pairs == 40 * 39 / 2
    assert found.ranking.beats_chance is right
    said = ranking_sentences(found)[0]
    assert said.startswith("Of 780 pairs of posts here, it called the better one in ")
    assert ("no better than a coin" in said) is not right


async def test_communities_are_compared_and_how_often_that_was_right(core: Core) -> None:
    await core.database.run_write(partial(scored_posts, communities=2, right=True))
    found = await ask(core, Variant("one", PHOTO, ""), communities=[1, 2])
    assert {each.community for each in found.places} == {"r/test1", "r/test2"}
    beats = [each.card.beats for each in found.places]
    assert beats == sorted(beats, reverse=True)
    assert found.placing is not None
    # The same prediction twice, once in each, is no pair.
    assert found.placing.pairs == 40 * 40 - 40
    assert found.placing.right == 1.0
    assert "posts in two of these communities" in (place_sentence(found) or "")


async def test_the_hours_are_judged_by_posts_that_the_champion_did_not_learn_from(
    core: Core,
) -> None:
    await core.database.run_write(partial(scored_posts, right=True))
    found = await ask(core, Variant("one", PHOTO, ""), community="r/test1", hours=True)
    assert found.timing is not None
    assert found.timing.posts == 40
    assert found.timing.right is not None


async def test_how_many_are_compared_is_bounded(core: Core) -> None:
    with pytest.raises(TooManyVariants):
        await ask(core)
    with pytest.raises(TooManyVariants):
        await ask(core, *[Variant("one", PHOTO, "")] * 11)
