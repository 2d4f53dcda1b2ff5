from datetime import UTC, datetime

import pytest

from bot.core import Core
from bot.memes.open_maker import open_maker
from bot.memes.suggest import CaptionSource, MemeMaker, NoCaptions, Suggestion, diverse
from bot.serving.audience import find_audience
from bot.serving.forecast import Card
from models.captions.layout import CaptionRefused
from models.captions.safety import SafetyList
from models.decoding import ImageRefused
from tests.fixtures import images

PICTURE = images.encode(images.photo(200, 160), "JPEG")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def card(beats: float) -> Card:
    return Card((0.1,) * 10, 0.3, 0.4, 0.3, (0.1, 0.5, 0.9), beats, None, "platform", "v1")


def suggestion(text: str, beats: float, merit: float | None = None) -> Suggestion:
    return Suggestion(tuple(text.split("|")), CaptionSource.MODEL, card(beats), merit)


def test_the_best_come_first_and_none_says_what_a_better_one_says() -> None:
    found = diverse(
        [
            suggestion("a cat is here|today", 0.5),
            suggestion("something else", 0.4),
            suggestion("a cat is here|now", 0.6),
            suggestion("a third one", 0.3),
        ],
        2,
    )
    assert [each.boxes[0] for each in found] == ["a cat is here", "something else"]
    assert found[0].boxes[1] == "now"


def test_the_caption_model_decides_between_near_equals_only() -> None:
    good, bad = suggestion("one", 0.50, 2.0), suggestion("two", 0.51, -2.0)
    assert diverse([bad, good], 2) == [good, bad]
    far = suggestion("three", 0.7, -2.0)
    assert diverse([good, far], 2) == [far, good]


async def test_a_person_s_own_captions_are_compared(core: Core) -> None:
    maker = open_maker(core.settings, core.serving, core.database)
    audience = await find_audience(core.database, None, NOW)
    own = [("when it works", "the first time"), ("nobody:",)]
    found = await maker.suggest(PICTURE, title="", audience=audience, now=NOW, own=own)
    assert {each.boxes for each in found.chosen} == {*own}
    assert all(each.source is CaptionSource.OWN for each in found.chosen)
    assert len({each.card.bins for each in found.chosen}) == 2, "words and pictures differ"
    with pytest.raises(CaptionRefused, match="empty"):
        await maker.suggest(PICTURE, title="", audience=audience, now=NOW, own=[("",)])
    with pytest.raises(ImageRefused):
        await maker.suggest(b"no image", title="", audience=audience, now=NOW)


async def test_where_no_caption_is_found_a_sentence_says_what_to_do(core: Core) -> None:
    maker = MemeMaker(
        core.serving, core.database, model=None, emotions=None, caption_server=None,
        safety=SafetyList([]),
    )  # fmt: skip
    audience = await find_audience(core.database, None, NOW)
    with pytest.raises(NoCaptions, match="--caption"):
        await maker.suggest(PICTURE, title="", audience=audience, now=NOW)


class Ventriloquist:
    """A caption server that writes what it should not, too."""

    async def captions(self, **_: object) -> list[tuple[str, ...]]:
        return [("vote for", "putin"), ("i am", "a cat")]


async def test_what_a_program_should_not_joke_about_is_left_out_and_a_person_may(
    core: Core,
) -> None:
    maker = MemeMaker(
        core.serving, core.database, model=None, emotions=None,
        caption_server=Ventriloquist(),  # type: ignore[arg-type]
        safety=SafetyList([]),
    )  # fmt: skip
    audience = await find_audience(core.database, None, NOW)
    found = await maker.suggest(PICTURE, title="", audience=audience, now=NOW)
    assert [each.boxes for each in found.chosen] == [("i am", "a cat")]
    own = [("vote for", "putin")]
    found = await maker.suggest(PICTURE, title="", audience=audience, now=NOW, own=own)
    assert [each.boxes for each in found.chosen] == own
