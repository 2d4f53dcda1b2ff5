"""What several networks say of an expression, as one answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

#: Least probability that is told apart, when the mean is taken.
_LEAST = 1e-4


def mean(each: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The geometric mean of what networks say, float32[n, classes]; each row adds up to 1."""
    return _shares(sum(np.log(np.maximum(said, _LEAST)) for said in each) / len(each))


@dataclass(frozen=True, slots=True)
class Balance:
    """What the mean is corrected by: it is too unsure, and finds some expressions too seldom.

    Attributes:
        sharpness: logarithms of the mean are multiplied by this.
        leaning: what is added to each, in the order of EXPRESSIONS.
    """

    sharpness: float
    leaning: tuple[float, ...]

    @classmethod
    def fit(cls, told: NDArray[np.float32], expression: NDArray[np.int64]) -> "Balance":
        """The one with the least log loss on faces that the networks did not learn from."""
        logs = np.log(np.maximum(told, _LEAST)).astype(np.float64)

        def loss(values: NDArray[np.float64]) -> float:
            logits = values[-1] * logs + values[:-1]
            top = logits.max(axis=1)
            total = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
            return float((total - logits[np.arange(len(logits)), expression]).mean())

        found = minimize(loss, np.append(np.zeros(told.shape[1]), 1.0)).x
        leaning = found[:-1] - found[:-1].mean()
        return cls(round(float(found[-1]), 3), tuple(round(float(each), 3) for each in leaning))

    def apply(self, told: NDArray[np.float32]) -> NDArray[np.float32]:
        """The corrected probabilities."""
        return _shares(self.sharpness * np.log(np.maximum(told, _LEAST)) + np.array(self.leaning))


#: What `join` found for the networks that ship.
SHIPPED_BALANCE = Balance(1.316, (-0.068, -0.054, -0.138, 0.085, -0.012, 0.235, -0.048))


def _shares(logits: Any) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: NDArray[np.float32] = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return found
