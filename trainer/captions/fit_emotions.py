"""Fitting the classifier of captions' emotions on texts that people labelled."""

import csv
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from models.captions.emotions import BUCKETS, EmotionClassifier, hashed, weighted
from models.captions.tokenizer import EXPRESSIONS
from storage.errors import ExpectedError

#: Files whose labels are people's, about single texts.
_HUMAN = ("goemotions_ekman", "reddit_posts_khlyzova")


class NoEmotions(ExpectedError):
    """The folder does not hold the labelled texts; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class EmotionText:
    """One text that a person labelled."""

    text_id: str
    text: str
    emotion: str

    @property
    def half(self) -> int:
        """0 or 1 by its id: one half teaches the caption model, the other judges it."""
        return zlib.crc32(self.text_id.encode()) % 2


def read_emotions(folder: Path) -> list[EmotionText]:
    """Texts with one human label each.

    Raises:
        NoEmotions: a file is missing or cannot be read.
    """
    found = []
    for name in _HUMAN:
        path = folder / name / "captions.csv"
        try:
            with path.open(encoding="utf-8", newline="") as file:
                found += [
                    EmotionText(row["Caption_ID"], row["Caption_Text"], row["Facial_Expression"])
                    for row in csv.DictReader(file)
                    if row["Facial_Expression"] in EXPRESSIONS
                ]
        except (OSError, ValueError, KeyError) as error:
            raise NoEmotions(f"{path} cannot be read ({error}).") from error
    return found


def fit_emotions(texts: Sequence[EmotionText], *, strength: float = 10.0) -> EmotionClassifier:
    """Logistic regression, classes balanced. ``strength`` is the inverse of the penalty."""
    seen = np.zeros(BUCKETS, np.float32)
    for each in texts:
        seen[hashed(each.text)[0]] += 1
    rarity = (np.log((1 + len(texts)) / (1 + seen)) + 1).astype(np.float32)
    rows = [weighted(each.text, rarity) for each in texts]
    matrix = csr_matrix(
        (
            np.concatenate([values for _, values in rows]),
            np.concatenate([buckets for buckets, _ in rows]),
            np.cumsum([0, *(len(buckets) for buckets, _ in rows)]),
        ),
        shape=(len(rows), BUCKETS),
    )
    model = LogisticRegression(C=strength, max_iter=400, class_weight="balanced")
    model.fit(matrix, [each.emotion for each in texts])
    weights = np.zeros((BUCKETS, len(EXPRESSIONS)), np.float32)
    bias = np.full(len(EXPRESSIONS), -20.0, np.float32)
    for place, name in enumerate(model.classes_):
        column = EXPRESSIONS.index(name)
        weights[:, column], bias[column] = model.coef_[place], model.intercept_[place]
    return EmotionClassifier(rarity, weights, bias)
