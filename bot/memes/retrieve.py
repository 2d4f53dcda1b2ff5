"""Captions that a community's own posts had, for a picture like theirs."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.captions.emotions import EmotionClassifier
from models.captions.tokenizer import EXPRESSIONS
from storage.queries.captions import PostedCaption

#: What the likeness of pictures, the right emotion and the caption's success count.
_EMOTION_WEIGHT, _SUCCESS_WEIGHT = 0.3, 0.3
#: Texts of so many letters are captions; longer ones are articles.
_SHORTEST, _LONGEST = 4, 160


def nearest_captions(
    posted: Sequence[PostedCaption],
    picture: NDArray[np.float32],
    *,
    emotions: EmotionClassifier | None,
    expression: str | None,
    count: int,
) -> list[tuple[str, ...]]:
    """The captions of the pictures that are most like one, best first, as boxes.

    Args:
        posted: captions that the installation has.
        picture: the embedding, float32 [1280].
        emotions: tells a caption's emotion; None: it does not count.
        expression: the emotion that is wanted; None: any.
        count: how many at most.
    """
    fitting = [each for each in posted if _SHORTEST <= len(each.text.strip()) <= _LONGEST]
    if not fitting:
        return []
    vectors = np.stack([np.frombuffer(each.vector, "<f2") for each in fitting]).astype(np.float32)
    norms = np.linalg.norm(vectors, axis=1) * max(float(np.linalg.norm(picture)), 1e-6)
    scores = vectors @ picture / np.maximum(norms, 1e-6)
    scores += [
        _SUCCESS_WEIGHT * ((0.5 if each.percentile is None else each.percentile) - 0.5)
        for each in fitting
    ]
    # The emotion is asked of those alone that may be chosen.
    order = np.argsort(-scores)[: 8 * count]
    if emotions is not None and expression is not None:
        column = EXPRESSIONS.index(expression)
        for row in order:
            chance = float(emotions.probabilities(fitting[row].text)[column])
            scores[row] += _EMOTION_WEIGHT * chance
        order = order[np.argsort(-scores[order])]
    found: dict[tuple[str, ...], None] = {}
    for row in order:
        found.setdefault(halves(fitting[row].text), None)
        if len(found) == count:
            break
    return list(found)


def halves(text: str) -> tuple[str, ...]:
    """A text as one box, or as two where it has more than five words, cut near its middle."""
    words = text.split()
    if len(words) <= 5:
        return (" ".join(words),)
    total = len(" ".join(words))
    best, cut, before = float("inf"), 1, 0
    for place in range(1, len(words)):
        before += len(words[place - 1]) + 1
        # The end of a sentence is worth a detour.
        ends = words[place - 1][-1] in ".,:;!?…"
        off = abs(before - total / 2) - (total / 4 if ends else 0)
        if off < best:
            best, cut = off, place
    return " ".join(words[:cut]), " ".join(words[cut:])
