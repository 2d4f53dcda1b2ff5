"""The whole way of a distillation in seconds: generated images, a random tiny teacher, a resume."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from trainer.distill import DistillOptions, Report, prepare_teacher, train_student
from trainer.distill_images import find_images
from trainer.export_backbone import StudentSpec, build_backbone, export_student, save_student

IMAGES = 48
# Odd sizes on purpose: nothing may depend on the proportions of an image.
SIZES = ((60, 40), (33, 71), (48, 48))


def smoke_run(report: Report) -> dict[str, Any]:
    """Distil for a few steps, stop, resume, export; return what backbone.json says.

    Raises what the parts raise, and ArithmeticError when training changed nothing.
    """
    with tempfile.TemporaryDirectory(prefix="peoria-distill-") as temporary:
        root = Path(temporary)
        draw_images(root / "images", IMAGES)
        teacher_weights = root / "teacher.npz"
        spec = StudentSpec(width=0.35, input_size=224)
        save_student(teacher_weights, spec, build_backbone(spec).get_weights())
        teacher = prepare_teacher(str(teacher_weights), root / "work")
        images = find_images([root / "images"])
        written = []
        for steps in (2, 4):
            options = DistillOptions(
                work=root / "work", width=0.35, size=32, batch=4, crops=16, max_steps=steps
            )
            weights = train_student(images, teacher, options, report)
            written.append(weights.read_bytes())
        if written[0] == written[1]:
            raise ArithmeticError("The resumed training left the weights as they were.")
        return export_student(weights, root / "backbone", name="smoke")


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
