"""The teacher in LiteRT, how its features spread, and how well a student agrees with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from storage.files.atomic import replacing
from trainer.backbone.convert import convert
from trainer.backbone.distill_crops import TEACHER_SIZE, Float32, Teacher, to_network
from trainer.backbone.distill_images import Look, SourceImage, read_rgb
from trainer.backbone.weights_source import load_weights


@dataclass(frozen=True, slots=True)
class TeacherStatistics:
    """How the teacher's features [c] spread: the scales that make the loss read as a share."""

    map_std: Float32
    active: Float32  # share of map cells above zero
    pooled_mean: Float32
    pooled_variance: float  # summed over channels

    @classmethod
    def measure(cls, maps: Float32) -> TeacherStatistics:
        """Measure on feature maps float32 [n, h, w, c]."""
        pooled = maps.mean((1, 2))
        return cls(
            map_std=np.maximum(maps.std((0, 1, 2)), 0.05).astype(np.float32),
            active=(maps > 0).mean((0, 1, 2)).astype(np.float32),
            pooled_mean=pooled.mean(0),
            pooled_variance=max(float(pooled.var(0).sum()), 1e-6),
        )


def agreement(student: Float32, teacher: Float32) -> tuple[float, float]:
    """Compare embeddings [n, c]: (mean centred cosine, share of the teacher's variance explained).

    Both are centred by the teacher's mean over these n images.
    """
    mean = teacher.mean(0)
    a, b = student - mean, teacher - mean
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    cosine = (a * b).sum(1) / np.maximum(lengths, 1e-9)
    return float(cosine.mean()), float(1 - ((a - b) ** 2).sum() / (b**2).sum())


def litert_teacher(content: bytes, threads: int = 1) -> Teacher:
    """Wrap a converted network: float32 [n, 224, 224, 3] → feature map float32 [n, h, w, c]."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=threads)
    entry = interpreter.get_input_details()[0]["index"]
    exit_ = interpreter.get_output_details()[0]["index"]

    def run(batch: Float32) -> Float32:
        interpreter.resize_tensor_input(entry, batch.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(entry, batch)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(exit_), dtype=np.float32)

    return run


def convert_teacher(weights: str, work: Path) -> Path:
    """Return the LiteRT file of a teacher that gives feature maps, converted once per work folder.

    Raises:
        ExportRefused: the weights cannot be read.
    """
    import keras

    model, _, fingerprint, _ = load_weights(weights)
    converted = work / f"teacher-{fingerprint[:16]}.tflite"
    if not converted.is_file():
        with replacing(converted) as file:
            file.write_bytes(convert(keras.Model(model.input, model.layers[-2].output)))
    return converted


def held_out_target(
    images: Sequence[SourceImage], teacher: Teacher, size: int, look: Look = read_rgb
) -> tuple[Float32, Float32]:
    """Images as the student sees them, [n, size, size, 3], and the teacher's embeddings [n, c].

    Raises:
        ValueError: ``look`` leaves out all of them.
    """

    def squash(picture: Image.Image, side: int) -> Float32:
        pixels = picture.resize((side, side), Image.Resampling.BILINEAR)
        return to_network(np.asarray(pixels))

    shown, target = [], []
    for image in images:
        if (picture := image.seen_by(look)) is not None:
            shown.append(squash(picture, size))
            target.append(teacher(squash(picture, TEACHER_SIZE)[None]).mean((1, 2))[0])
    if not shown:
        raise ValueError("No image is left that can be held out; give others.")
    return np.stack(shown), np.stack(target)
