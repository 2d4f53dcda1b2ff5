"""The head's network in Keras, its members side by side."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from numpy.typing import NDArray

from models.distribution import BINS
from models.head import GROUPS
from trainer.recipe import Recipe


@keras.saving.register_keras_serializable("peoria")
class Forget(layers.Layer):  # type: ignore[misc]
    """Hides one source from some posts while training, as if it had been missing.

    Args:
        blank: standardised values of the columns when the source is missing; NaN leaves a column.
        rate: share of posts from which it is hidden.
        seed: of the draw.
    """

    def __init__(self, blank: NDArray[np.float32], rate: float, seed: int) -> None:
        super().__init__()
        self.rate = rate
        self.columns = ops.convert_to_tensor(~np.isnan(blank), "float32")
        self.blank = ops.convert_to_tensor(np.nan_to_num(blank), "float32")
        self.seeds = keras.random.SeedGenerator(seed)

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Pass ``x`` [n, columns] on, blanked for some rows while training."""
        if not training:
            return x
        draw = keras.random.uniform((ops.shape(x)[0], 1), seed=self.seeds)
        hidden = ops.cast(draw < self.rate, "float32") * self.columns
        return x * (1 - hidden) + self.blank * hidden


def build(
    widths: dict[str, int],
    blanks: dict[str, list[NDArray[np.float32]]],
    recipe: Recipe,
    seed: int,
) -> keras.Model:
    """The untrained network: standardised groups in, logits [n, members, 10] out.

    Args:
        widths: columns of each group.
        blanks: per group, the blank of each source that may be missing (see `Forget`).
        recipe: sizes and regularisation.
        seed: of initial weights, dropout and forgetting.
    """
    units = {
        "embedding": recipe.embedding_units,
        "text": recipe.text_units,
        "metadata": recipe.metadata_units,
    }
    dropout = {
        "embedding": recipe.embedding_dropout,
        "text": recipe.text_dropout,
        "metadata": recipe.metadata_dropout,
    }
    keras.utils.set_random_seed(seed)
    inputs = {group: keras.Input((widths[group],), name=group) for group in GROUPS}
    outputs = []
    for member in range(recipe.members):
        hidden = []
        for group in GROUPS:
            x = inputs[group]
            for position, blank in enumerate(blanks.get(group, [])):
                x = Forget(blank, recipe.forget, seed * 1000 + member * 10 + position)(x)
            x = layers.Dropout(dropout[group])(x)
            dense = layers.Dense(units[group], activation="relu", name=f"{group}_{member}")
            hidden.append(layers.Dropout(recipe.hidden_dropout)(dense(x)))
        joined = layers.Concatenate()(hidden)
        outputs.append(layers.Dense(BINS, name=f"out_{member}")(joined))
    return keras.Model(inputs, ops.stack(outputs, axis=1))


def ordinal_loss(ranked_weight: float) -> "keras.losses.Loss":
    """Log loss plus the ranked probability score, against soft bins [n, 10], over all members."""

    def loss(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        targets = ops.expand_dims(targets, 1)
        log_loss = -ops.sum(targets * ops.log_softmax(logits, axis=-1), axis=-1)
        gaps = ops.cumsum(ops.softmax(logits, axis=-1), axis=-1) - ops.cumsum(targets, axis=-1)
        ranked = ops.sum(gaps**2, axis=-1)
        return ops.mean(log_loss + ranked_weight * ranked, axis=-1)

    return loss


def exported(
    model: keras.Model,
    standards: dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]],
    members: int,
) -> dict[str, NDArray[np.float32]]:
    """The arrays that `models.head.Head` serves from, before calibration."""
    arrays = {
        "members": np.array(members, np.float32),
        "temperature": np.array(1, np.float32),
    }
    for group, (mean, scale) in standards.items():
        arrays[f"{group}/mean"], arrays[f"{group}/scale"] = mean, scale
    for member in range(members):
        for part in (*GROUPS, "out"):
            kernel, bias = model.get_layer(f"{part}_{member}").get_weights()
            arrays[f"{member}/{part}/kernel"], arrays[f"{member}/{part}/bias"] = kernel, bias
    return arrays
