from dataclasses import replace

import pytest

from bot.reddit.texts import settled_text
from bot.serving.forecast import Card, Outcome, familiarity, read_card
from bot.serving.phrases import (
    known_bar,
    label_sentence,
    outcome_sentence,
    place_sentence,
    standing_sentence,
)
from models.distribution import UNIFORM
from models.percentiles import BucketRule, Quantiles
from storage.types import Bucket


def test_a_label_that_ties_with_everything_beats_nothing() -> None:
    assert "no other score" in standing_sentence(0, 1, "Main Street")


def test_a_label_stands_in_the_middle_of_its_tie() -> None:
    sentence = standing_sentence(0.6, 0.8, "Main Street")
    assert sentence == "That beats 70% of the recent posts in Main Street."


def test_a_label_without_a_prediction() -> None:
    assert label_sentence(Bucket.HIGH, 1234.4) == "Was high, score 1,234."


def test_a_first_score_gets_no_verdict() -> None:
    first = Outcome(card(None), 12.0, 0.5, Bucket.MEDIUM, told=False)
    sentence = outcome_sentence(first)
    assert sentence.endswith("→ score 12.")
    assert not {"✔", "✘"} & set(sentence)
    assert {"✔", "✘"} & set(outcome_sentence(replace(first, told=True)))
    settled = settled_text(first, "r/memes", "about")
    assert "There is no other score in r/memes to compare it with yet." in settled
    assert "beats 50%" not in settled.split("---")[0]


def card(known: float | None) -> Card:
    return read_card(UNIFORM, Quantiles((), "none"), BucketRule(), "v1", known)


@pytest.mark.parametrize(
    ("known", "word"),
    [(0.0, "not yet"), (0.19, "not yet"), (0.2, "a little"), (0.5, "fairly well"), (1.0, "well")],
)
def test_how_well_a_place_is_known_is_a_plain_word(known: float, word: str) -> None:
    assert familiarity(known).value == word
    sentence = place_sentence(card(known), "Main Street")
    assert sentence is not None
    assert sentence.startswith(f"How well Peoria knows Main Street: {word}.")


def test_a_new_place_is_still_being_learned() -> None:
    new = card(0.05)
    assert "still learning this place" in (place_sentence(new, "Main Street") or "")
    long_known = replace(new, quantiles="community")
    assert "helps little here" in (place_sentence(long_known, "Main Street") or "")
    assert place_sentence(card(None), "Main Street") is None


def test_the_bar_is_as_long_as_what_is_known() -> None:
    assert known_bar(0) == "▱" * 10
    assert known_bar(0.52) == "▰" * 5 + "▱" * 5
    assert known_bar(1) == "▰" * 10
