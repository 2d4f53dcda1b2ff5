"""The head's network in Keras, its members side by side, and one pass of its training."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from numpy.typing import NDArray

from models.distribution import BINS
from models.head import GROUPS, Member
from trainer.head.recipe import Recipe

Floats = NDArray[np.float32]
Batch = dict[str, tf.Tensor]
#: By source and group: the columns that it touches, bool [width], and their values without it.
Blanks = list[dict[str, tuple[tf.Tensor, tf.Tensor]]]


def build(widths: Mapping[str, int], recipe: Recipe, seed: int) -> keras.Model:
    """The untrained network: encoded groups in, logits [n, members, 10] out.

    Members share nothing but the order of the posts and the dropout of their inputs.
    """
    keras.utils.set_random_seed(seed)
    inputs = {group: keras.Input((widths[group],), name=group) for group in GROUPS}
    hidden = []
    for group in GROUPS:
        units = int(getattr(recipe, f"{group}_units"))
        x = layers.Dropout(getattr(recipe, f"{group}_dropout"))(inputs[group])
        # One wide layer is all members' layers side by side; each starts as if it were alone.
        x = layers.Dense(
            recipe.members * units,
            activation="relu",
            kernel_initializer=keras.initializers.RandomNormal(stddev=widths[group] ** -0.5),
            name=f"{group}_hidden",
        )(x)
        x = layers.Reshape((recipe.members, units))(x)
        hidden.append(layers.Dropout(recipe.hidden_dropout)(x))
    out = layers.EinsumDense(
        "nmh,mho->nmo",
        output_shape=(recipe.members, BINS),
        bias_axes="mo",
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.05),
        name="out",
    )
    return keras.Model(inputs, out(layers.Concatenate(axis=2)(hidden)))


def members_of(model: keras.Model, recipe: Recipe) -> tuple[Member, ...]:
    """The trained members, as they serve."""
    out_kernel, out_bias = model.get_layer("out").get_weights()
    layers_hidden = [model.get_layer(f"{group}_hidden").get_weights() for group in GROUPS]
    members = []
    for number in range(recipe.members):
        hidden = []
        for kernel, bias in layers_hidden:
            units = kernel.shape[1] // recipe.members
            columns = slice(number * units, (number + 1) * units)
            hidden.append((kernel[:, columns].copy(), bias[columns].copy()))
        members.append(Member(tuple(hidden), (out_kernel[number], out_bias[number])))
    return tuple(members)


def loss(targets: tf.Tensor, logits: tf.Tensor, ranked_weight: float) -> tf.Tensor:
    """Log loss plus the weighted ranked probability score, the mean over posts and members.

    Args:
        targets: soft bins, float32 [n, 10].
        logits: float32 [n, members, 10].
        ranked_weight: of the ranked probability score (summed over the borders).
    """
    targets = ops.expand_dims(targets, 1)
    log_loss = -ops.sum(targets * ops.log_softmax(logits, axis=-1), axis=-1)
    gaps = ops.cumsum(ops.softmax(logits, axis=-1), axis=-1) - ops.cumsum(targets, axis=-1)
    return ops.mean(log_loss + ranked_weight * ops.sum(gaps**2, axis=-1))


def forget(batch: Batch, blanks: Blanks, rate: float, seeds: keras.random.SeedGenerator) -> Batch:
    """Hide sources from random posts, as if they had been missing.

    Args:
        batch: encoded groups of some posts.
        blanks: for each source and group, which columns it touches, and what they are when it is
            missing.
        rate: share of posts from which each source is hidden.
        seeds: of the draw.
    """
    kept = dict(batch)
    for source in blanks:
        drawn = keras.random.uniform((tf.shape(batch["embedding"])[0], 1), seed=seeds)
        for group, (columns, blank) in source.items():
            kept[group] = tf.where((drawn < rate) & columns, blank, kept[group])
    return kept


class Network:
    """A network and one pass of its training, compiled once for every fit of the same shape.

    Compiling takes as long as fifty passes over two thousand posts, and a training run fits a
    dozen heads. `begin` makes it one that was never trained.
    """

    def __init__(self, widths: Mapping[str, int], recipe: Recipe) -> None:
        self._widths, self._recipe = widths, recipe
        self.model = build(widths, recipe, seed=0)
        self._seeds = keras.random.SeedGenerator(0)
        self._optimizer = keras.optimizers.AdamW(
            recipe.learning_rate, weight_decay=recipe.weight_decay, clipnorm=10.0
        )
        self._optimizer.build(self.model.trainable_variables)
        self._optimizer_before = [each.numpy() for each in self._optimizer.variables]
        self._epoch = tf.function(self._pass)

    def begin(self, blanks: list[dict[str, Floats]], seed: int) -> None:
        """Start over.

        Args:
            blanks: for each source, its encoded columns when missing, by group; NaN leaves a
                column.
            seed: of the first weights, of dropout, and of what is forgotten.
        """
        untrained = build(self._widths, self._recipe, seed)
        for own, first in zip(self.model.variables, untrained.variables, strict=True):
            own.assign(first)
        for own, first in zip(self._optimizer.variables, self._optimizer_before, strict=True):
            own.assign(first)
        self._seeds.state.assign(keras.random.SeedGenerator(seed).state)
        self._blanks: Blanks = [
            {
                group: (tf.constant(~np.isnan(blank)), tf.constant(np.nan_to_num(blank)))
                for group, blank in groups.items()
            }
            for groups in blanks
        ]

    def epoch(self, groups: Batch, targets: tf.Tensor, batches: tf.Tensor) -> float:
        """Train on posts once; the mean loss. The whole pass is one call into TensorFlow.

        Args:
            groups: encoded, each [n, width].
            targets: soft bins, float32 [n, 10].
            batches: rows in the order of training, int32 [number of batches, size].
        """
        given = (groups, targets, batches, self._blanks)
        return float(self._epoch.get_concrete_function(*_of_any_number(given))(*given))

    def members(self) -> tuple[Member, ...]:
        """As trained so far."""
        return members_of(self.model, self._recipe)

    def _pass(
        self, groups: Batch, targets: tf.Tensor, batches: tf.Tensor, blanks: Blanks
    ) -> tf.Tensor:
        total = tf.constant(0.0)
        for rows in batches:
            total += self._step(groups, targets, rows, blanks)
        return total / tf.cast(tf.shape(batches)[0], tf.float32)

    def _step(
        self, groups: Batch, targets: tf.Tensor, rows: tf.Tensor, blanks: Blanks
    ) -> tf.Tensor:
        batch = {group: tf.gather(groups[group], rows) for group in GROUPS}
        batch = forget(batch, blanks, self._recipe.forget, self._seeds)
        with tf.GradientTape() as tape:
            value = loss(
                tf.gather(targets, rows),
                self.model(batch, training=True),
                self._recipe.ranked_weight,
            )
        gradients = tape.gradient(value, self.model.trainable_variables)
        self._optimizer.apply(gradients, self.model.trainable_variables)
        return value


def _of_any_number(given: Any) -> Any:
    """What a pass is compiled for: such tensors with any number of rows.

    Left to itself TensorFlow compiles for the first number that it sees, and once more for the
    second.
    """
    return tf.nest.map_structure(
        lambda tensor: tf.TensorSpec([None, *tensor.shape[1:]], tensor.dtype), given
    )


@lru_cache(maxsize=4)
def _compiled(widths: tuple[tuple[str, int], ...], recipe: Recipe) -> Network:
    return Network(dict(widths), recipe)


def network_for(encoded: Mapping[str, Floats], recipe: Recipe) -> Network:
    """The network for such encoded groups; fits that follow one another share it."""
    return _compiled(tuple((group, encoded[group].shape[1]) for group in GROUPS), recipe)
