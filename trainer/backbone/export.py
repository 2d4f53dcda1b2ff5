"""Turn backbone weights into the folder that serving reads: `backbone.tflite` + `backbone.json`.

Run as a program (it imports TensorFlow, which the bot never does):

    python -m trainer.backbone.export --weights FILE|imagenet|starter --out FOLDER

Three kinds of weights are understood: `imagenet` (Keras downloads them), a Keras `.weights.h5` file
of MobileNetV2 1.0 at 224 px, and a student made by `trainer.backbone.distill` (`.npz`, which says
itself how wide it is and which image size it wants).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainer.backbone.convert import convert, largest_difference, with_map
from trainer.backbone.student_weights import EMBEDDING_DIM, ExportRefused, StudentSpec
from trainer.backbone.weights_source import load_weights

FLOAT32_TOLERANCE = 1e-3
# Rounding weights to half precision moves an embedding (values 0–6) by a few thousandths.
FLOAT16_TOLERANCE = 0.1


def write_backbone(
    model: Any,
    spec: StudentSpec,
    out: Path,
    *,
    fingerprint: str,
    name: str,
    float16: bool = False,
    weights: Path | None = None,
) -> dict[str, Any]:
    """Convert, check against the original, and put the finished folder at `out` in one rename.

    An older folder at `out` is replaced; a failure leaves it as it was. A `weights` file given is
    copied into the folder as backbone.weights.npz.

    Returns:
        What was written to backbone.json.

    Raises:
        ExportRefused: the converted network disagrees with the original.
    """
    content = convert(with_map(model), float16=float16)
    gap = largest_difference(model, content, size=spec.input_size)
    # A NaN compares false with everything, so ask for agreement rather than for disagreement.
    if not gap <= (FLOAT16_TOLERANCE if float16 else FLOAT32_TOLERANCE):
        raise ExportRefused(f"The converted network is off by {gap:.3g}; nothing was written.")
    facts = {
        "fingerprint": fingerprint,
        "name": name,
        "input_size": spec.input_size,
        "dim": EMBEDDING_DIM,
        "width": spec.width,
        "tflite_sha256": hashlib.sha256(content).hexdigest(),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    (fresh / "backbone.tflite").write_bytes(content)
    (fresh / "backbone.json").write_text(json.dumps(facts, indent=2) + "\n")
    if weights is not None:
        shutil.copyfile(weights, fresh / "backbone.weights.npz")
    fresh.chmod(0o755)
    if out.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{out.name}.old.", dir=out.parent))
        out.rename(old / out.name)
        fresh.rename(out)
        shutil.rmtree(old)
    else:
        fresh.rename(out)
    return facts


def export_backbone(source: str, out: Path, *, float16: bool = False) -> dict[str, Any]:
    """Load the weights named by `source` and write the backbone folder `out` (see module)."""
    model, spec, fingerprint, name = load_weights(source)
    return write_backbone(model, spec, out, fingerprint=fingerprint, name=name, float16=float16)


def export_student(weights: Path, out: Path, *, name: str) -> dict[str, Any]:
    """Export a student's weights in half precision to the folder `out`, weights file included."""
    model, spec, fingerprint, _ = load_weights(str(weights))
    return write_backbone(
        model, spec, out, fingerprint=fingerprint, name=name, float16=True, weights=weights
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status (1 with one sentence on stderr when refused)."""
    parser = argparse.ArgumentParser(prog="python -m trainer.backbone.export")
    parser.add_argument("--weights", required=True, help="imagenet, starter or a weights file")
    parser.add_argument("--out", required=True, type=Path, help="folder to write")
    parser.add_argument("--float16", action="store_true", help="store weights in half precision")
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    try:
        facts = export_backbone(options.weights, options.out, float16=options.float16)
    except ExportRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    sys.stdout.write(json.dumps(facts) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
