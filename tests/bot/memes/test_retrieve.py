import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bot.memes.retrieve import halves, nearest_captions
from storage.queries.captions import PostedCaption


def posted(text: str, direction: int, percentile: float | None = None) -> PostedCaption:
    vector = np.zeros(1280, "<f2")
    vector[direction] = 1
    return PostedCaption(text, vector.tobytes(), percentile)


def picture(direction: int) -> np.ndarray:  # type: ignore[type-arg]
    found = np.zeros(1280, np.float32)
    found[direction] = 2
    return found


def test_captions_of_pictures_like_this_one_come_first_and_successful_ones_before_others() -> None:
    captions = [
        posted("far away", 1, 0.99), posted("near, failed", 0, 0.1), posted("near, loved", 0, 0.9),
        posted("x" * 500, 0), posted("near, loved", 0),
    ]  # fmt: skip
    found = nearest_captions(captions, picture(0), emotions=None, expression=None, count=3)
    assert found == [("near, loved",), ("near, failed",), ("far away",)]


def test_without_posts_nothing_is_found() -> None:
    assert nearest_captions([], picture(0), emotions=None, expression=None, count=3) == []
    short = [posted("hm", 0)]
    assert nearest_captions(short, picture(0), emotions=None, expression=None, count=3) == []


def test_a_sentence_is_cut_where_it_ends() -> None:
    assert halves("I came. Then I saw the whole thing") == ("I came.", "Then I saw the whole thing")
    assert halves("three little words") == ("three little words",)


@given(st.text(min_size=1).filter(str.strip))
def test_nothing_is_lost_when_a_text_is_cut(text: str) -> None:
    assert " ".join(halves(text)).split() == text.split()
