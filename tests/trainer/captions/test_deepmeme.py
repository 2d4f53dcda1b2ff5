"""The third study's table."""

import numpy as np
import pytest

from models.attributes.expressions import EXPRESSIONS
from trainer.captions.deepmeme import (
    FOUR,
    Case,
    NotReproducible,
    as_markdown,
    draw_faces,
    tables,
    wilson,
)


def test_as_many_faces_of_each_emotion_and_what_was_found() -> None:
    labels = np.repeat(np.arange(len(EXPRESSIONS)), 10)
    probabilities = np.full((len(labels), len(EXPRESSIONS)), 0.1, np.float32)
    probabilities[:, EXPRESSIONS.index("neutral")] = 0.3
    probabilities[np.arange(len(labels)), labels] += 0.15
    drawn = draw_faces(labels, probabilities, 20, seed=1)
    assert [known for known, _, _ in drawn] == [name for name in FOUR for _ in range(5)]
    assert all(found == known for known, found, _ in drawn), "among the four, not the neutral"
    assert not any(named for _, _, named in drawn), "0.3 is not sure"
    with pytest.raises(NotReproducible, match="10 faces that look happy, not 15"):
        draw_faces(labels, probabilities, 60, seed=1)


def test_a_case_is_right_when_the_caption_has_the_known_expression() -> None:
    cases = [
        Case("happy", "happy", True, "happy", "happy", "sad", False),
        Case("happy", "sad", False, "happy", "sad", "sad", False),
        Case("angry", "fear", False, "fear", "sad", "fear", True),
        Case("sad", "sad", True, "fear", "sad", "sad", False),
    ]
    found = tables(cases)
    happy = found["emotions"]["happy"]
    assert (happy["right"]["right"], happy["expression"]["right"]) == (2, 1)
    assert found["emotions"]["all"]["right"] == {
        "right": 2, "of": 4, "share": 0.5, "low": wilson(2, 4)[0], "high": wilson(2, 4)[1],
    }  # fmt: skip
    assert found["emotions"]["all"]["caption"]["right"] == 2
    assert found["emotions"]["all"]["written_caption"]["right"] == 3
    assert found["named"]["right"]["of"] == 2
    text = as_markdown(found)
    assert "| angry | 0 of 1 (0.0%; 0%–79%)" in text
    assert "10 of 15 (66.7%; printed as 50%)" in text
    assert "| fear | 0 of 0 |" in text
    assert "1 of 4 captions that were written stand word for word" in text


def test_without_writing_only_what_was_retrieved_is_told() -> None:
    found = tables([Case("happy", "happy", True, "happy", None, None, None)])
    assert found["emotions"]["all"]["right"]["share"] == 1
    assert found["emotions"]["all"]["written_caption"]["of"] == 0
    assert "| happy | 1 of 1 (100.0%; 21%–100%) | 100.0% | 100.0% | – | – | – |" in as_markdown(
        found
    )
    assert "word for word" not in as_markdown(found)


def test_interval_of_a_share() -> None:
    low, high = wilson(46, 70)
    assert (low, high) == pytest.approx((0.5404, 0.7575), abs=1e-4)
