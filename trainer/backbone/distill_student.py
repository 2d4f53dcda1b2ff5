"""The student while it trains: Keras' MobileNetV2, computed with kernels that are fast on a CPU.

Keras computes batch norm in training from separate moments and 1×1 convolutions through the
general kernel. Measured on two AVX2 cores, the fused batch norm is four times and a plain matrix
product one and a half times as fast, forward and backward. The variables are the Keras model's
own, so that exporting or saving needs no translation.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.backbone.distill_teacher import TeacherStatistics
from trainer.backbone.student_weights import StudentSpec

# Keras' default (0.999) needs thousands of steps before the moving statistics mean anything.
BATCH_NORM_MOMENTUM = 0.97


def device_precision() -> str:
    """Name Keras' precision for this machine: bfloat16 halves the work of a GPU, not of a CPU."""
    return "mixed_bfloat16" if tf.config.list_physical_devices("GPU") else "float32"


def build_student(spec: StudentSpec, precision: str = "float32") -> Any:
    """Return a MobileNetV2 with random weights and no pooling: [n, s, s, 3] → [n, h, w, 1280].

    The input side is left open, because training may use smaller images than serving. Variables
    are float32 in every precision.
    """
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        return keras.applications.MobileNetV2(
            include_top=False, weights=None, alpha=spec.width, input_shape=(None, None, 3)
        )
    finally:
        keras.config.set_dtype_policy(before)


def forward_in_training(model: Any, images: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """Run the model with batch statistics: float32 [n, s, s, 3] → ([n, h, w, 1280], statistics).

    The statistics (mean and variance of every batch norm, in layer order) are for
    `update_moving_statistics`. The map is in the model's compute precision.
    """
    x = block_input = tf.cast(images, model.compute_dtype)
    block, statistics = "", []
    for layer in model.layers[1:]:
        kind = type(layer).__name__
        if layer.name.startswith("block_"):
            number = layer.name.split("_")[1]
            if number != block:
                block, block_input = number, x
        if kind == "Conv2D" and layer.kernel_size == (1, 1):
            shape = tf.shape(x)
            flat = tf.reshape(x, (-1, x.shape[-1]))
            product = flat @ tf.cast(tf.convert_to_tensor(layer.kernel)[0, 0], x.dtype)
            x = tf.reshape(product, (shape[0], shape[1], shape[2], layer.filters))
        elif kind == "BatchNormalization":
            x, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
                x=x,
                scale=tf.convert_to_tensor(layer.gamma),
                offset=tf.convert_to_tensor(layer.beta),
                mean=tf.zeros(0),
                variance=tf.zeros(0),
                epsilon=layer.epsilon,
                is_training=True,
            )
            statistics += [mean, variance]
        elif kind == "Add":
            x = x + block_input
        else:
            x = layer(x)
    return x, statistics


def update_moving_statistics(model: Any, statistics: list[tf.Tensor], step: tf.Tensor) -> None:
    """Move every batch norm's running mean and variance towards this batch's.

    `step` counts from 1 (float32). The first steps average all batches seen: a depthwise output
    may vary by 1e-4 only, which what is left of an initial 1 would hide for hundreds of steps.
    """
    norms = [layer for layer in model.layers if type(layer).__name__ == "BatchNormalization"]
    running = [v for layer in norms for v in (layer.moving_mean, layer.moving_variance)]
    momentum = tf.minimum(BATCH_NORM_MOMENTUM, (step - 1.0) / step)
    for variable, fresh in zip(running, statistics, strict=True):
        variable.assign(variable * momentum + fresh * (1.0 - momentum))


def start_last_norm(model: Any, statistics: TeacherStatistics) -> None:
    """Start the last norm of a fresh student as the teacher's channels spread.

    Its output passes a ReLU; with the teacher's own share of active cells and spread the first
    minutes are saved, and the channels that would die in them.
    """
    norm = next(x for x in reversed(model.layers) if type(x).__name__ == "BatchNormalization")
    normal = NormalDist()
    offset = np.array([normal.inv_cdf(float(p)) for p in np.clip(statistics.active, 0.02, 0.98)])
    above = np.array([normal.cdf(z) for z in offset])
    density = np.array([normal.pdf(z) for z in offset])
    mean = offset * above + density
    spread = np.sqrt((offset**2 + 1) * above + offset * density - mean**2)
    gamma = statistics.map_std / spread
    norm.gamma.assign(gamma.astype(np.float32))
    norm.beta.assign((gamma * offset).astype(np.float32))
