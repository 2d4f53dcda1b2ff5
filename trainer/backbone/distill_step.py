"""One step of a distillation: loss, gradients, optimizer and moving average, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.backbone.distill_crops import Float32
from trainer.backbone.distill_optimizer import MatrixOptimizer
from trainer.backbone.distill_student import forward_in_training, update_moving_statistics
from trainer.backbone.distill_teacher import TeacherStatistics

#: Of the moving average; the first steps average faster.
EMA_DECAY = 0.995

#: Crops are kept at this side or the student's, whichever is larger, so that a resumed run may
#: choose another size without asking the teacher again.
CROP_SIDE = 160


def crop_side(size: int) -> int:
    """Side in px at which crops are kept for a student of ``size`` px."""
    return max(CROP_SIDE, size)


def build_step(
    model: Any,
    average: Any,
    optimizer: MatrixOptimizer,
    statistics: TeacherStatistics,
    *,
    size: int,
    crop_side: int,
    map_shape: tuple[int, int, int],
    pooled_weight: float,
) -> Any:
    """Compile one step: crops and the teacher's maps of them in, the loss out.

    The loss is the squared error of the feature map, each channel in the teacher's deviations, plus
    ``pooled_weight`` times the share of the embedding's variance that is missed.

    Args:
        model: the student, trained in place.
        average: its exponential moving average, updated in place.
        optimizer: of the student's variables.
        statistics: of the teacher's features.
        size: side in px that the crops are resized to.
        crop_side: side in px of the crops.
        map_shape: [h, w, c] of the teacher's feature map.
        pooled_weight: weight of the embedding beside the map.

    Returns:
        A function of crops uint8 [n, side, side, 3], maps float16 [n, h, w, c], the learning rate
        and the number of the step from 1.
    """

    def step(crops: Any, maps: Any, rate: Any, number: Any) -> Any:
        images = tf.cast(crops, tf.float32) / 127.5 - 1.0
        if size != images.shape[1]:
            images = tf.image.resize(images, (size, size), antialias=True)
        target = tf.cast(maps, tf.float32)
        target_pooled = tf.reduce_mean(target, (1, 2))
        with tf.GradientTape() as tape:
            student, batch_statistics = forward_in_training(model, images)
            student = tf.cast(student, tf.float32)
            shrink = tf.constant(area_matrix(target.shape[1], student.shape[1]))
            small = tf.einsum("ih,nhwc,jw->nijc", shrink, target, shrink)
            map_error = tf.reduce_mean(((student - small) / statistics.map_std) ** 2)
            gap = tf.reduce_mean(student, (1, 2)) - target_pooled
            pooled_error = tf.reduce_mean(tf.reduce_sum(gap**2, 1)) / statistics.pooled_variance
            loss = map_error + pooled_weight * pooled_error
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, rate, number)
        update_moving_statistics(model, batch_statistics, number)
        decay = tf.minimum(EMA_DECAY, (1.0 + number) / (10.0 + number))
        for slow, fast in zip(average.weights, model.weights, strict=True):
            slow.assign(decay * slow + (1.0 - decay) * fast)
        return loss

    return tf.function(
        step,
        input_signature=[
            tf.TensorSpec((None, crop_side, crop_side, 3), tf.uint8),
            tf.TensorSpec((None, *map_shape), tf.float16),
            tf.TensorSpec((), tf.float32),
            tf.TensorSpec((), tf.float32),
        ],
    )


def area_matrix(large: int, small: int) -> Float32:
    """Return float32 [small, large] that averages `large` cells into `small` (rows sum to 1)."""
    edges = np.arange(small + 1) * (large / small)
    cells = np.arange(large)
    low = np.maximum(edges[:-1, None], cells[None])
    high = np.minimum(edges[1:, None], cells[None] + 1)
    overlap: npt.NDArray[Any] = np.maximum(high - low, 0.0)
    matrix: Float32 = (overlap / overlap.sum(1, keepdims=True)).astype(np.float32)
    return matrix
