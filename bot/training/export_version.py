"""A model version in files that other programs read: ONNX, safetensors, and a card."""

import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.backbone_files import find_backbone
from models.features import FEATURES_VERSION, TEXT_BUCKETS, Features
from models.head import Head
from models.head_onnx import OUTPUT, head_arrays, head_as_onnx, widths
from models.registry import Manifest, read_version
from models.safetensors_file import safetensors
from storage.errors import ExpectedError
from storage.files.atomic import write_folder

#: The largest difference of a probability that is accepted.
TOLERANCE = 1e-4
#: Made-up posts that both are asked of.
_POSTS = 256
_ONNX, _WEIGHTS, _CARD = "head.onnx", "head.safetensors", "card.md"


class ExportRefused(ExpectedError):
    """A version cannot be exported; the message says why."""


def export_version(
    versions_dir: Path, backbones_dir: Path, name: str, target: Path
) -> float | None:
    """Write a version's head, weights, backbone and card into a new folder.

    Returns the largest difference of a probability between the head and its file over made-up
    posts; None: ONNX Runtime is not installed, and it was not checked.

    Raises:
        ExportRefused: it is untrained, there is such a folder, or the file says something else.
        VersionUnusable, HeadUnusable, BackboneUnusable: its files are missing or damaged.
        OSError: the disk is full or cannot be written.
    """
    manifest = read_version(versions_dir / name)
    head = Head.load(versions_dir / name)
    backbone = find_backbone(backbones_dir, manifest.backbone)
    if target.exists():
        raise ExportRefused(f"There is {target} already; name a folder that is not there.")
    notes = f"Version {name}, backbone {manifest.backbone}."
    try:
        onnx = head_as_onnx(head, notes)
    except ValueError as error:
        raise ExportRefused(f"{name} is untrained: there is nothing to export.") from error
    difference = _difference(head, onnx)
    if difference is not None and not difference <= TOLERANCE:
        raise ExportRefused(
            f"The exported head differs from {name} by {difference:.2g} (at most {TOLERANCE:g})."
        )

    def fill(folder: Path) -> None:
        (folder / _ONNX).write_bytes(onnx)
        weights = safetensors(head_arrays(head), {"name": name, "backbone": manifest.backbone})
        (folder / _WEIGHTS).write_bytes(weights)
        for path in sorted((*backbone.glob("backbone.tflite"), *backbone.glob("encoder.*"))):
            shutil.copy(path, folder)
        shutil.copy(backbone / "backbone.json", folder)
        (folder / _CARD).write_text(_card(manifest, head, difference), encoding="utf-8")

    write_folder(target, fill)
    return difference


def _difference(head: Head, onnx: bytes) -> float | None:
    try:
        import onnxruntime
    except ImportError:
        return None
    chance = np.random.default_rng(0)
    # Likely posts, unlikely ones, and posts of which everything is missing.
    scale = chance.choice([0.0, 0.1, 1.0, 5.0], size=(_POSTS, 1))
    groups: dict[str, NDArray[np.float32]] = {
        group: (chance.normal(size=(_POSTS, width)) * scale).astype(np.float32)
        for group, width in widths(head).items()
    }
    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    (bins,) = session.run([OUTPUT], groups)
    return float(np.abs(bins - head.predict_groups(groups)).max())


def _card(manifest: Manifest, head: Head, difference: float | None) -> str:
    """What the files are, how good the version was judged to be, and what it is not for."""
    figures = [
        f"| {key.replace('_', ' ')} | {value:.4g} |"
        for key, value in manifest.metrics.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    checked = (
        "It was not compared with the original: ONNX Runtime is not installed."
        if difference is None
        else f"Over {_POSTS} made-up posts no probability differs by more than {difference:.1e}."
    )
    until = manifest.trained_until
    columns = ", ".join(Features().metadata_names)
    return f"""# Model card: {manifest.name}

Predicts how popular an image will be in one community: ten probabilities over its percentile.

| | |
|---|---|
| made | {manifest.created_at:%Y-%m-%d} |
| labels | {manifest.labels:,} |
| trained until | {"-" if until is None else f"{until:%Y-%m-%d}"} |
| backbone | {manifest.backbone} |
| features | version {FEATURES_VERSION} |
| members | {len(head.members)}, temperature {head.temperature:.4f} |

## Files

- `backbone.tflite`, `backbone.json` (or `encoder.*`): image → embedding.
- `{_ONNX}`: `embedding`, `title`, `text`, `metadata` (float32 [n, width]) → `bins` (float32
  [n, 10]), the probabilities of the ten equal-frequency bins, lowest first. `title` and `text` are
  {TEXT_BUCKETS} hashed words each; `metadata` are, in this order: {columns}.
  `models/features.py` makes all three.
- `{_WEIGHTS}`: every array of the head.

{checked}

## How good it is

{chr(10).join(["| figure | |", "|---|---|", *figures]) if figures else "Nothing was measured."}

## What it is not for

It knows the communities that it learned from. Elsewhere it is close to guessing, and a post's worth
is not its score. What Peoria shows is a mixture of this head and the community's own base rate,
which the file does not hold.
"""
