"""What plays here, from stored labels to words and a plot."""

from xml.etree import ElementTree

from bot.core import Core
from bot.reports.attribute_effects import Effect, Effects
from bot.reports.plays import LEAST_LABELS, Plays, read_plays
from bot.reports.plays_plot import draw_plays
from bot.reports.plays_words import effect_sentence, level_name, plays_sentence
from storage.tables import Community
from tests.fixtures.labelled_looks import store_labelled_looks


async def plays_of(core: Core, community_id: int) -> Plays:
    async with core.database.read() as session:
        return await read_plays(session, await session.get_one(Community, community_id))


async def test_what_plays_is_read_from_labels(core: Core) -> None:
    here = await store_labelled_looks(core.database, 150, unread=10)
    await store_labelled_looks(core.database, 5, source_id="other", name="r/other")
    found = await plays_of(core, here)
    assert (found.labels, found.used, found.missing) == (150, 140, 0)
    told = {(each.factor, each.level): each for each in found.effects.effects if each.told}
    assert told["genre", "text_post"].effect > 0.05
    assert told["genre", "rage_comic"].effect < -0.05
    assert {each.factor for each in found.effects.effects} == {
        "genre", "expression", "faces", "colourfulness", "hour", "weekday",
    }  # fmt: skip
    assert "stand out of" in plays_sentence(found)
    drawn = draw_plays(found)
    root = ElementTree.fromstring(drawn)  # noqa: S314 - our own
    assert "text post: +" in root.attrib["aria-label"]
    marks = root.findall(".//{http://www.w3.org/2000/svg}circle")
    assert len(marks) == len(found.effects.effects)


async def test_hours_are_those_of_the_community(core: Core) -> None:
    here = await store_labelled_looks(core.database, 60, time_zone="Asia/Kolkata")
    found = await plays_of(core, here)
    hours = {each.level for each in found.effects.effects if each.factor == "hour"}
    assert hours <= {"0", "4", "8", "12", "16", "20"}
    assert {each.level for each in found.effects.effects if each.factor == "weekday"} <= set(
        "0123456"
    )


async def test_too_few_labels_say_how_many_are_missing(core: Core) -> None:
    here = await store_labelled_looks(core.database, 20, unread=5)
    found = await plays_of(core, here)
    assert found.effects == Effects()
    assert found.missing == LEAST_LABELS - 15
    sentence = plays_sentence(found)
    assert "35 more are needed" in sentence
    assert "5 more have images whose attributes were not read yet" in sentence
    assert "nothing to tell yet" in draw_plays(found)


def test_names_of_communities_are_no_markup() -> None:
    effect = Effect("genre", '<b>"mine"&', 9, 0.1, 0.1, 0.05, 0.15, 0.0)
    drawn = draw_plays(Plays(60, 60, Effects((effect,))))
    ElementTree.fromstring(drawn)  # noqa: S314 - our own
    assert "<b>" not in drawn
    assert effect_sentence(effect) == '<b>"mine"&: +10.0 points [+5.0, +15.0]'


def test_levels_have_names() -> None:
    assert level_name("genre", "not_sure") == "no genre for sure"
    assert level_name("expression", "fear") == "afraid face"
    assert level_name("hour", "8") == "08:00 to 11:59"
    assert level_name("weekday", "6") == "Sunday"
    assert level_name("text_share", "high") == "much text"
