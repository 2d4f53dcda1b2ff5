from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reddit.texts import settled_text
from bot.serving.forecast import Card, Outcome, OutcomeWaits, Place, familiarity, outcome, read_card
from bot.serving.phrases import (
    NOTHING_TO_SEE,
    UNTRAINED,
    headline,
    knowledge_note,
    known_bar,
    label_sentence,
    outcome_sentence,
    place_sentence,
    pooled_headline,
    set_aside_note,
    standing_sentence,
)
from models.distribution import UNIFORM
from models.percentiles import BucketRule, Quantiles, tie_interval
from storage.tables import Label
from storage.types import Bucket


def ranked(score: float, others: list[float], *, others_kept: bool = True) -> Label:
    low, high = tie_interval(score, sorted(others))
    return Label(
        score=score, percentile_low=low, percentile_high=high, bucket=Bucket.MEDIUM,
        others=len(others) if others_kept else None,
    )  # fmt: skip


def standing(label: Label) -> str:
    result = outcome(card(None), label)
    return standing_sentence(result.percentile, "r/memes", told=result.told, few=result.beats_few)


def test_a_label_that_ties_with_everything_beats_nothing() -> None:
    assert "no other score" in standing(ranked(3, [3, 3]))


def test_a_label_stands_in_the_middle_of_its_tie() -> None:
    assert (
        standing(ranked(7, [*range(7), 7, 8, 9]))
        == "That beats 73% of the recent posts in r/memes."
    )
    old = ranked(3, [1, 2, 4], others_kept=False)
    assert standing(old) == "That beats 62% of the recent posts in r/memes."


@given(st.integers(0, 5), st.lists(st.integers(0, 5), min_size=1, max_size=9))
def test_of_few_posts_it_is_counted_how_many_it_beats(score: int, others: list[int]) -> None:
    said = standing(ranked(score, [float(each) for each in others]))
    assert "%" not in said
    if {*others} != {score}:
        beaten = sum(each < score for each in others)
        assert said.startswith(f"It beats {beaten} of the {len(others)} other post")


def test_a_label_without_a_prediction() -> None:
    assert label_sentence(Bucket.HIGH, 1234.4) == "Was high, score 1,234."


def test_a_first_score_gets_no_verdict() -> None:
    first = Outcome(with_chances(0.2, 0.5, 0.3), 12.0, 0.5, Bucket.MEDIUM, told=False)
    sentence = outcome_sentence(first)
    assert sentence.endswith("→ score 12.")
    assert not {"✔", "✘"} & set(sentence)
    assert {"✔", "✘"} & set(outcome_sentence(replace(first, told=True)))
    settled = settled_text(first, "r/memes", "about")
    assert "There is no other score in r/memes to compare it with yet." in settled
    assert "beats 50%" not in settled.split("---")[0]


def card(known: float | None, *, tested: bool = True) -> Card:
    place = None if known is None else Place(known, tested)
    return read_card(UNIFORM, Quantiles((), "none"), BucketRule(), "v1", place=place)


def with_chances(low: float, medium: float, high: float) -> Card:
    return replace(card(None), p_low=low, p_medium=medium, p_high=high)


@pytest.mark.parametrize(
    ("known", "word"),
    [
        (0.0, "hardly yet"), (0.19, "hardly yet"), (0.2, "a little"), (0.5, "fairly well"),
        (1.0, "well"),
    ],
)  # fmt: skip
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
    untested = replace(long_known, place=Place(0.05, tested=False))
    sentence = place_sentence(untested, "Main Street") or ""
    assert "still learning this place: none of its predictions here was checked" in sentence
    assert "helps little" not in sentence
    assert place_sentence(card(None), "Main Street") is None
    # Nothing was learned at all: that is said, and nothing of one place.
    assert place_sentence(replace(untested, untrained=True), "Main Street") is None


def test_the_bar_is_as_long_as_what_is_known() -> None:
    assert known_bar(0) == "▱" * 10
    assert known_bar(0.52) == "▰" * 5 + "▱" * 5
    assert known_bar(1) == "▰" * 10


@pytest.mark.parametrize(
    ("chances", "likely", "words"),
    [
        ((0.4, 0.4, 0.2), (Bucket.LOW, Bucket.MEDIUM), "Most likely low or medium (40% each)."),
        ((0.397, 0.402, 0.201), (Bucket.LOW, Bucket.MEDIUM), "low or medium (40% each)"),
        ((0.2, 0.5, 0.3), (Bucket.MEDIUM,), "Most likely medium (50%)."),
        ((1 / 3, 1 / 3, 1 / 3), (), "Low, medium and high look equally likely."),
        ((0.325, 0.337, 0.338), (), "Low, medium and high look equally likely."),
        ((0.32, 0.33, 0.35), (Bucket.HIGH,), "Most likely high (35%)."),
    ],
)
def test_chances_that_read_alike_are_named_together(
    chances: tuple[float, float, float], likely: tuple[Bucket, ...], words: str
) -> None:
    found = with_chances(*chances)
    assert found.likely == likely
    assert words in headline(found, "Main Street")


def test_no_share_of_posts_is_named_where_there_are_none() -> None:
    few = with_chances(0.2, 0.5, 0.3)
    for quantiles in ("none", "platform"):
        assert "beat" not in headline(replace(few, quantiles=quantiles), "Main Street")
    many = replace(few, quantiles="community")
    assert headline(many, "Main Street").startswith("Would beat 50% of the posts in Main Street")


def test_a_version_that_learned_from_nothing_claims_nothing() -> None:
    card = replace(with_chances(1 / 3, 1 / 3, 1 / 3), untrained=True, quantiles="community")
    assert headline(card, "Main Street") == "Low, medium and high look equally likely."
    assert pooled_headline(card) == UNTRAINED
    assert knowledge_note(card, "Main Street") == UNTRAINED


def test_a_verdict_on_two_likely_buckets_is_only_given_against_them() -> None:
    either = with_chances(0.4, 0.4, 0.2)
    assert Outcome(either, 5, 0.5, Bucket.MEDIUM).right is None
    assert Outcome(either, 5, 0.9, Bucket.HIGH).right is False
    sentence = outcome_sentence(Outcome(either, 5, 0.5, Bucket.MEDIUM))
    assert sentence == "Predicted low or medium (40% each) → was medium, score 5."
    sure = with_chances(0.2, 0.5, 0.3)
    assert Outcome(sure, 5, 0.5, Bucket.MEDIUM).right is True


def test_a_score_that_waits_says_for_what() -> None:
    waits = OutcomeWaits(with_chances(0.2, 0.5, 0.3), 7, missing=1, needed=3)
    text = settled_text(waits, "r/memes", "about")
    assert "Predicted medium (50%) → score 7." in text
    assert "ended with 3 different scores; 1 more is needed" in text
    assert not {"✔", "✘"} & set(text)


def test_what_was_set_aside_is_said_only_when_something_was() -> None:
    assert set_aside_note(card(None)) is None
    one = set_aside_note(replace(card(None), set_aside=("image",)))
    assert one == (
        "The picture is unlike anything that Peoria learned from, so the prediction does not go by"
        " it."
    )
    two = set_aside_note(replace(card(None), set_aside=("image", "title", "text"))) or ""
    assert two.startswith("The picture, title and text in the picture are unlike")


def test_a_blank_image_is_called_one() -> None:
    blank = replace(card(None), blank=True)
    assert headline(blank, "Main Street") == NOTHING_TO_SEE
    assert "Nothing was learned" not in (knowledge_note(blank, "Main Street") or "")
