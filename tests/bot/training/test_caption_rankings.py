"""The ranking of captions is learned from posted memes, through a gate, and can be taken back."""

from functools import partial
from typing import Any

import pytest

from bot.core import Core
from bot.memes.choices import note_choice
from bot.memes.suggest import CaptionSource, Suggestion
from bot.people.consent import opt_out
from bot.people.erasure import forget_person
from bot.people.export import export_person
from bot.serving.forecast import Card
from bot.training.caption_rankings import (
    LEAST_NEW,
    CaptionRankings,
    RankingNotLearned,
    UnknownRanking,
)
from models.attributes.serving_genres import SHIPPED
from models.captions.ranking import SHIPPED_RANKING
from models.captions.serving_ranking import RANKINGS, serving_ranking
from storage.queries.caption_choices import caption_choices, count_choices
from storage.tables import Label
from storage.types import PlatformName
from tests.fixtures.rows import LATER, one_post, row

PERSON = "a" * 64


def suggestion(text: str, beats: float, merit: float) -> Suggestion:
    card = Card((0.1,) * 10, 0.3, 0.4, 0.3, (0.1, 0.5, 0.9), beats, None, "platform", "v1")
    return Suggestion((text, "below"), CaptionSource.MODEL, card, merit)


async def chosen(core: Core, count: int, *, person: str = PERSON, post: int | None = None) -> None:
    """Whatever is forecast, what the caption model thinks well of is chosen."""
    for number in range(count):
        best = number % 3
        offered = [
            suggestion(f"{place}", 0.5, 4.0 if place == best else -4.0) for place in range(3)
        ]
        async with core.database.write() as session:
            await session.run_sync(
                partial(
                    note_choice, community_id=1, platform=PlatformName.WEB, person=person,
                    offered=offered, chosen=best, post_id=post, now=LATER,
                )
            )  # fmt: skip


async def stored(core: Core) -> int:
    return await core.database.run_read(count_choices)


@pytest.fixture
async def watched(core: Core) -> Core:
    async with core.database.write() as session:
        for each in one_post():
            session.add(each)
            await session.flush()
    return core


async def test_what_was_chosen_is_learned_and_can_be_rolled_back(watched: Core) -> None:
    rankings = CaptionRankings(watched.database, watched.settings.versions_dir, clock=watched.clock)
    folder = watched.settings.versions_dir / RANKINGS
    await chosen(watched, LEAST_NEW - 1)
    assert not await rankings.refit_if_due()
    await chosen(watched, 31)

    assert await rankings.refit_if_due()

    (version,) = rankings.versions()
    assert version.verdict["promoted"], version.verdict
    assert version.chosen == LEAST_NEW + 30
    assert rankings.serving() == version.name
    assert serving_ranking(folder).merit > SHIPPED_RANKING.merit + 0.05
    assert not await rankings.refit_if_due()
    assert rankings.rollback() == SHIPPED
    assert serving_ranking(folder) == SHIPPED_RANKING
    rankings.promote(version.name)
    (folder / version.name / "ranking.json").write_text("{}")
    assert serving_ranking(folder) == SHIPPED_RANKING
    with pytest.raises(UnknownRanking, match=version.name):
        rankings.promote("nothing")


async def test_a_choice_has_the_outcome_of_its_post_and_is_kept_once(watched: Core) -> None:
    await chosen(watched, 2, post=1)
    (choice,) = await watched.database.run_read(lambda session: caption_choices(session, limit=10))
    assert choice["chosen"] == 0
    assert choice["offered"][0]["text"] == "0 / below"
    assert choice["offered"][0]["merit"] == pytest.approx(0.482, abs=1e-3)


async def test_labels_that_teach_nobody_else_are_not_told(watched: Core) -> None:
    await chosen(watched, 1, post=1)
    async with watched.database.write() as session:
        session.add(row(Label))
    percentiles = [
        (await watched.database.run_read(partial(caption_choices, limit=10, without=apart)))[0][
            "percentile"
        ]
        for apart in ((), (1,))
    ]
    assert percentiles[0] is not None
    assert percentiles[1] is None


async def test_without_memes_nothing_is_learned(watched: Core) -> None:
    rankings = CaptionRankings(watched.database, watched.settings.versions_dir, clock=watched.clock)
    with pytest.raises(RankingNotLearned, match="Nobody posted"):
        await rankings.refit()
    with pytest.raises(UnknownRanking):
        rankings.rollback()


async def test_choices_are_a_person_s_own(watched: Core) -> None:
    await chosen(watched, 1)
    about: dict[str, Any] = {"platform": PlatformName.WEB, "person": PERSON}
    found = await export_person(watched.database, **about)
    assert found is not None
    assert found["chosen_captions"][0]["chosen"] == "0 / below"
    await forget_person(watched.database, **about, images=watched.images, now=LATER)
    assert await stored(watched) == 0
    await opt_out(watched.database, **about, now=LATER)
    await chosen(watched, 1)
    assert await stored(watched) == 0
