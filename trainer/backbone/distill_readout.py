"""The last step of a distillation: a linear readout that corrects what least squares can correct.

The student ends in rectified channels that gradient descent moves slowly. What is still linear in
them of the teacher's embedding is found in closed form on whole images, squashed as they are
served, and kept at a low rank: two 1x1 convolutions after the last feature map, so that the mean of
the map stays the embedding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.preprocessing import to_input
from trainer.backbone.distill_crops import TEACHER_SIZE, Float32, Teacher
from trainer.backbone.distill_images import Look, SourceImage, read_rgb
from trainer.backbone.student_weights import StudentSpec, build_backbone, load_student, save_student

Numbers = npt.NDArray[np.float64]
Report = Callable[[int, int], None]

#: Share of the mean variance of a channel that is added to each: how little the fit trusts
#: directions that hardly vary. 0.01 to 0.1 came out the same on unseen images.
RIDGE = 0.03
#: The student's variance counts as at least this share of the teacher's: what hardly sees yet would
#: otherwise be scaled beyond what half precision can hold.
LEAST_VARIANCE = 0.1
BATCH = 16


def fit_readout(student: Float32, teacher: Float32, rank: int) -> list[Float32]:
    """Find ``x + (x P) Q + b`` nearest to the teacher's embedding, ``P Q`` of low rank.

    Args:
        student: embeddings of the student, [n, c].
        teacher: of the same images, [n, c].
        rank: of the correction, at most c.

    Returns:
        P [1, 1, c, rank], Q [1, 1, rank, c] and b [c], as two convolutions hold them.
    """
    x, y = student.astype(np.float64), teacher.astype(np.float64)
    mean, shift = x.mean(0), (y - x).mean(0)
    centred, missed = x - mean, (y - x) - shift
    covariance = centred.T @ centred / len(x)
    variance = max(float(x.var(0).mean()), LEAST_VARIANCE * float(y.var(0).mean()), 1e-9)
    covariance += RIDGE * variance * np.eye(len(mean))
    full = np.linalg.solve(covariance, centred.T @ missed / len(x))
    # The best approximation is the one of the corrections W as they spread over images, not of the
    # matrix: W R R', with R the first eigenvectors of W' C W, C the covariance. Of a symmetric
    # matrix they are always found; the singular values of the root of C times W now and then not.
    _, directions = np.linalg.eigh(full.T @ covariance @ full)
    up: Numbers = directions[:, ::-1][:, :rank].T
    down: Numbers = full @ up.T
    # Both of about one size, for half precision.
    scale = np.sqrt(np.maximum(np.linalg.norm(down, axis=0), 1e-12))
    down, up = down / scale, up * scale[:, None]
    bias: Numbers = shift - mean @ down @ up
    return [
        down[None, None].astype(np.float32),
        up[None, None].astype(np.float32),
        bias.astype(np.float32),
    ]


def add_readout(
    weights: Path,
    images: Sequence[SourceImage],
    teacher: Teacher,
    out: Path,
    *,
    rank: int,
    report: Report,
    look: Look = read_rgb,
) -> Path:
    """Fit a readout to a plain student on whole images; write both to ``out`` (atomic).

    Args:
        weights: the student's file, without a readout.
        images: to fit on, none of them held out.
        teacher: float32 [n, 224, 224, 3] → feature map [n, h, w, c].
        out: file to write.
        rank: of the readout.
        report: told how many of how many images were looked at.
        look: decodes; what it leaves out is not fitted on.
    """
    spec, plain = load_student(weights)
    model = build_backbone(spec)
    model.set_weights(plain)
    student, target = [], []
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH]
        pictures = [p for image in batch if (p := image.seen_by(look)) is not None]
        if pictures:
            small = np.stack([to_input(p, spec.input_size) for p in pictures])
            student.append(_embed(model, small))
            large = np.stack([to_input(p, TEACHER_SIZE) for p in pictures])
            target.append(teacher(large).mean((1, 2)))
        report(start + len(batch), len(images))
    readout = fit_readout(np.concatenate(student), np.concatenate(target), rank)
    save_student(out, StudentSpec(spec.width, spec.input_size, rank), [*plain, *readout])
    return out


def _embed(model: Any, batch: Float32) -> Float32:
    return np.asarray(model(batch, training=False))
