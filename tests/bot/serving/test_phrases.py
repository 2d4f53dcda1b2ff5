from bot.serving.phrases import label_sentence, standing_sentence
from storage.types import Bucket


def test_a_label_that_ties_with_everything_beats_nothing() -> None:
    assert "no other score" in standing_sentence(0, 1, "Main Street")


def test_a_label_stands_in_the_middle_of_its_tie() -> None:
    sentence = standing_sentence(0.6, 0.8, "Main Street")
    assert sentence == "That beats 70% of the recent posts in Main Street."


def test_a_label_without_a_prediction() -> None:
    assert label_sentence(Bucket.HIGH, 1234.4) == "Was high, score 1,234."
