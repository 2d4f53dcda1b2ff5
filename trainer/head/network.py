"""The head's network in Keras, its members side by side, and one epoch of its training."""

from collections.abc import Callable, Mapping

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
    members = []
    for number in range(recipe.members):
        hidden = []
        for group in GROUPS:
            kernel, bias = model.get_layer(f"{group}_hidden").get_weights()
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


def forgetter(blanks: list[dict[str, Floats]], rate: float, seed: int) -> Callable[[Batch], Batch]:
    """Hide sources from random posts, as if they had been missing.

    Args:
        blanks: for each source, its encoded columns when missing, by group; NaN leaves a column.
        rate: share of posts from which each is hidden.
        seed: of the draw.
    """
    seeds = keras.random.SeedGenerator(seed)
    sources = [
        {
            group: (tf.constant(~np.isnan(blank)), tf.constant(np.nan_to_num(blank)))
            for group, blank in groups.items()
        }
        for groups in blanks
    ]

    def forget(batch: Batch) -> Batch:
        kept = dict(batch)
        for source in sources:
            drawn = keras.random.uniform((tf.shape(batch["embedding"])[0], 1), seed=seeds)
            for group, (columns, blank) in source.items():
                kept[group] = tf.where((drawn < rate) & columns, blank, kept[group])
        return kept

    return forget


def epoch_of(
    model: keras.Model,
    recipe: Recipe,
    forget: Callable[[Batch], Batch],
) -> Callable[[Batch, tf.Tensor, tf.Tensor], tf.Tensor]:
    """Compile one pass over posts; the whole pass is one call into TensorFlow.

    Returns a function of the encoded groups, the targets and the order of rows (whole batches
    only), which trains and returns the mean loss.
    """
    optimizer = keras.optimizers.AdamW(
        recipe.learning_rate, weight_decay=recipe.weight_decay, clipnorm=10.0
    )
    optimizer.build(model.trainable_variables)

    def step(groups: Batch, targets: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
        batch = forget({group: tf.gather(groups[group], rows) for group in GROUPS})
        with tf.GradientTape() as tape:
            value = loss(
                tf.gather(targets, rows), model(batch, training=True), recipe.ranked_weight
            )
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return value

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def epoch(groups: Batch, targets: tf.Tensor, batches: tf.Tensor) -> tf.Tensor:
        total = tf.constant(0.0)
        for rows in batches:
            total += step(groups, targets, rows)
        return total / tf.cast(tf.shape(batches)[0], tf.float32)

    compiled: Callable[[Batch, tf.Tensor, tf.Tensor], tf.Tensor] = epoch
    return compiled
