"""The whole way of a distillation in seconds: generated images, a random tiny teacher, a resume."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from trainer.backbone.distill import train_student
from trainer.backbone.distill_images import find_images
from trainer.backbone.distill_options import DistillOptions, Report
from trainer.backbone.distill_teacher import convert_teacher, litert_teacher
from trainer.backbone.export import export_student
from trainer.backbone.student_weights import StudentSpec, build_backbone, save_student

IMAGES = 48
# Odd sizes on purpose: nothing may depend on the proportions of an image.
SIZES = ((60, 40), (33, 71), (48, 48))


def smoke_run(report: Report, reading_out: Callable[[int, int], None]) -> dict[str, Any]:
    """Distil for a few steps, stop, resume, export; return what backbone.json says.

    Raises what the parts raise, and ArithmeticError when training changed nothing.
    """
    with tempfile.TemporaryDirectory(prefix="peoria-distill-") as temporary:
        root = Path(temporary)
        draw_images(root / "images", IMAGES)
        teacher_weights = root / "teacher.npz"
        spec = StudentSpec(width=0.35, input_size=224)
        save_student(teacher_weights, spec, _random_teacher(spec))
        teacher = litert_teacher(convert_teacher(str(teacher_weights), root / "work").read_bytes())
        images = find_images([root / "images"])
        written = []
        for steps in (1, 2):
            options = DistillOptions(
                work=root / "work", width=0.35, size=32, batch=4, crops=16, max_steps=steps,
                readout=8,
            )  # fmt: skip
            # Compiling a step is most of the time here, and once is enough to see that it works.
            tf.config.run_functions_eagerly(steps > 1)
            try:
                weights = train_student(images, teacher, options, report, reading_out)
            finally:
                tf.config.run_functions_eagerly(False)
            written.append(weights.read_bytes())
        if written[0] == written[1]:
            raise ArithmeticError("The resumed training left the weights as they were.")
        return export_student(weights, root / "backbone", name="smoke")


def _random_teacher(spec: StudentSpec) -> list[NDArray[np.float32]]:
    # Untrained norms would let the signal of a random network die away; these keep it alive.
    model = build_backbone(spec)
    for layer in model.layers:
        if type(layer).__name__ == "BatchNormalization":
            layer.moving_variance.assign(np.full(layer.moving_variance.shape, 0.02, np.float32))
    weights: list[NDArray[np.float32]] = model.get_weights()
    return weights


def draw_images(folder: Path, count: int) -> None:
    """Write `count` small PNG images of random shapes, the same ones every time."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for number in range(count):
        width, height = SIZES[number % len(SIZES)]
        image = Image.new("RGB", (width, height), tuple(random.integers(0, 256, 3).tolist()))
        draw = ImageDraw.Draw(image)
        for _ in range(4):
            x, y = random.integers(0, (width // 2, height // 2)).tolist()
            draw.rectangle(
                (x, y, x + width // 3, y + height // 3),
                fill=tuple(random.integers(0, 256, 3).tolist()),
            )
        image.save(folder / f"{number:03d}.png")
