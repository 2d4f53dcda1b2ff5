"""AdamW, with orthogonalised momentum (Muon) for the matrices of a convolutional network.

A pointwise convolution is a matrix; taking the orthogonal part of its momentum instead of dividing
every entry by its own scale needs fewer steps, and steps are what a CPU has few of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

MOMENTUM, BETA_1, BETA_2, EPSILON = 0.95, 0.9, 0.99, 1e-8
# Gives an orthogonal update the root mean square of a typical Adam update.
MATRIX_SCALE = 0.2
# Quintic Newton–Schulz iteration of https://kellerjordan.github.io/posts/muon/
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
NEWTON_SCHULZ_STEPS = 5


def orthogonal_part(matrix: tf.Tensor) -> tf.Tensor:
    """Return a matrix [a, b] with the same singular vectors and singular values near 1."""
    if matrix.shape[0] > matrix.shape[1]:
        return tf.transpose(_orthogonal_wide(tf.transpose(matrix)))
    return _orthogonal_wide(matrix)


def _newton_schulz(matrix: Any) -> Any:
    x = matrix / (tf.norm(matrix) + 1e-7)
    a, b, c = NEWTON_SCHULZ
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = x @ tf.transpose(x)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


# One trace serves every matrix; unrolled for each of them, tracing takes a minute.
_orthogonal_wide: Any = tf.function(
    _newton_schulz, input_signature=[tf.TensorSpec((None, None), tf.float32)]
)


class MatrixOptimizer:
    """Updates Keras variables in place; its state is a list of tensors, for checkpoints."""

    def __init__(
        self, variables: Sequence[Any], *, weight_decay: float, matrices: bool = True
    ) -> None:
        """Make the (zero) state; with `matrices` off, every variable gets plain AdamW."""
        self.variables = list(variables)
        self.weight_decay = weight_decay
        self.is_matrix = [matrices and _is_matrix(v) for v in self.variables]
        self.first = [tf.Variable(tf.zeros(v.shape), trainable=False) for v in self.variables]
        self.second = [
            tf.Variable(tf.zeros(() if matrix else v.shape), trainable=False)
            for v, matrix in zip(self.variables, self.is_matrix, strict=True)
        ]

    @property
    def state(self) -> list[tf.Variable]:
        """Everything to be saved besides the variables themselves."""
        return self.first + self.second

    def apply(self, gradients: Sequence[tf.Tensor], rate: tf.Tensor, step: tf.Tensor) -> None:
        """Make one step at learning rate `rate`; `step` counts from 1 (float32 scalars)."""
        for variable, gradient, matrix, first, second in zip(
            self.variables, gradients, self.is_matrix, self.first, self.second, strict=True
        ):
            value = tf.convert_to_tensor(variable)
            if matrix:
                first.assign(MOMENTUM * first + gradient)
                flat = tf.reshape(gradient + MOMENTUM * first, variable.shape[-2:])
                scale = MATRIX_SCALE * max(flat.shape) ** 0.5
                update = scale * tf.reshape(orthogonal_part(flat), tuple(variable.shape))
            else:
                first.assign(BETA_1 * first + (1 - BETA_1) * gradient)
                second.assign(BETA_2 * second + (1 - BETA_2) * gradient**2)
                mean = first / (1 - BETA_1**step)
                spread = tf.sqrt(second / (1 - BETA_2**step)) + EPSILON
                update = mean / spread
            decay = self.weight_decay if len(variable.shape) > 1 else 0.0
            variable.assign(value - rate * (update + decay * value))


def _is_matrix(variable: Any) -> bool:
    return len(variable.shape) == 4 and tuple(variable.shape[:2]) == (1, 1)
