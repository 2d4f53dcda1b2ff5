"""Genres learned from corrections: what helps is learned, what does not is kept out."""

import numpy as np
import pytest

from models.attributes.genre import GENRES, GenreHead
from trainer.attributes.refit_genres import KEPT, LEAST, Corrections, judge, refit

_SIDE = 160


def head_that_tells(random: np.random.Generator) -> tuple[GenreHead, np.ndarray]:
    """A head, and the direction in which pictures of each genre lie."""
    ways = random.normal(size=(len(GENRES), _SIDE)).astype(np.float32)
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    return GenreHead((4 * ways.T).astype(np.float32), np.zeros(8, np.float32), "b" * 64, ""), ways


def pictures(
    random: np.random.Generator,
    ways: np.ndarray,
    genres: np.ndarray,
    extra: np.ndarray | None = None,
) -> np.ndarray:
    """Pictures of some genres: in their direction, and a little beside it."""
    noise = random.normal(scale=0.02, size=(len(genres), _SIDE))
    found = ways[genres] * 1.5 + noise
    told: np.ndarray = (found if extra is None else found + extra).astype(np.float32)
    return told


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(5)


def test_what_people_say_of_a_kind_of_picture_is_learned(random: np.random.Generator) -> None:
    head, ways = head_that_tells(random)
    # A kind of picture that looks like genre 2 to the head, with a mark of its own; people say 5.
    mark = random.normal(size=_SIDE)
    mark /= np.linalg.norm(mark)
    kind = pictures(random, ways, np.full(60, 2), 1.5 * mark)
    others = pictures(random, ways, random.integers(8, size=200))
    data = Corrections(kind, np.full(60, 5), np.arange(60), others)
    challenger = refit(head, data)
    verdict = judge(head, data, challenger)
    assert verdict.promoted, verdict
    assert verdict.log_loss_challenger < verdict.log_loss
    assert verdict.kept >= KEPT
    assert (challenger.probabilities(kind).argmax(axis=1) == 5).all()
    assert challenger.backbone == head.backbone


def test_what_people_say_at_random_is_not_learned(random: np.random.Generator) -> None:
    head, ways = head_that_tells(random)
    kind = pictures(random, ways, np.full(60, 2))
    data = Corrections(kind, random.integers(8, size=60), np.arange(60), kind[:0])
    right = Corrections(kind, np.full(60, 2), np.arange(60), kind[:0])
    assert not judge(head, right, head).promoted or judge(head, right, head).better >= 0.9
    verdict = judge(head, data, refit(head, data))
    # Chance alone: whatever the gate says, nothing is told right that was not.
    assert verdict.accuracy_challenger < 0.35


def test_few_corrections_and_copies_of_one_are_not_enough(random: np.random.Generator) -> None:
    head, ways = head_that_tells(random)
    kind = pictures(random, ways, np.full(LEAST - 1, 2))
    few = Corrections(kind, np.full(LEAST - 1, 5), np.arange(LEAST - 1), kind[:0])
    verdict = judge(head, few, refit(head, few))
    assert not verdict.promoted
    assert f"of {LEAST} needed" in verdict.reason
    # Twenty copies of one picture are one picture: nothing was asked that was not learned from.
    copies = np.repeat(kind[:1], LEAST, axis=0)
    same = Corrections(copies, np.full(LEAST, 5), np.zeros(LEAST, np.int64), kind[:0])
    assert not judge(head, same, refit(head, same)).promoted


def test_a_challenger_that_unlearns_is_kept_out(random: np.random.Generator) -> None:
    head, ways = head_that_tells(random)
    kind = pictures(random, ways, np.full(40, 2))
    others = pictures(random, ways, np.full(100, 2))
    # Everything of this kind is called otherwise: pictures nobody spoke of would change, too.
    data = Corrections(kind, np.full(40, 5), np.arange(40), others)
    verdict = judge(head, data, refit(head, data))
    assert verdict.kept < KEPT
    assert not verdict.promoted
