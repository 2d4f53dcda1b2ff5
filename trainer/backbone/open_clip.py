"""A CLIP of open_clip as a folder that `main.py backbone use` takes: both sides in ONNX.

Run as a program in an environment that has the group `clip` (`pip install --group clip`):

    python -m trainer.backbone.open_clip --name ViT-B-32 --pretrained laion2b_s34b_b79k --out FOLDER

open_clip downloads the weights where they are not on this machine yet; a path as --pretrained reads
a file. Without --pretrained the weights are random, which only tests want.
"""

import argparse
import hashlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.encoder_description import DESCRIPTION
from storage.errors import ExpectedError

#: How far ONNX Runtime may be from torch, of vectors of length one.
TOLERANCE = 1e-3
_IMAGE, _TEXT, _MERGES = "image.onnx", "text.onnx", "merges.txt.gz"


class ExportRefused(ExpectedError):
    """The model cannot be exported; the message says why, and nothing was written."""


def export(name: str, pretrained: str | None, out: Path) -> None:
    """Load a model by its name and write the folder.

    Raises:
        ExportRefused: there is no such model, its weights cannot be had, or ``out`` is there.
    """
    import open_clip

    if out.exists():
        raise ExportRefused(f"{out} is there already.")
    try:
        model = open_clip.create_model(name, pretrained=pretrained)
    except (RuntimeError, OSError, ValueError) as error:
        raise ExportRefused(f"open_clip cannot load {name}: {error}") from error
    merges = Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
    if not hasattr(model, "context_length") or model.vocab_size != 49408:
        raise ExportRefused(f"The text side of {name} does not use CLIP's own tokenizer.")
    write(model, " ".join(filter(None, (name, pretrained))), merges, out)


def write(model: Any, name: str, merges: Path, out: Path) -> None:
    """Write ``out``: image.onnx, text.onnx, the tokenizer's merges and encoder.toml.

    Args:
        model: with `encode_image`, `encode_text`, `context_length`, and `visual` that says its
            image_size, image_mean and image_std, as those of open_clip do.
        name: for people.
        merges: the tokenizer's, as CLIP comes with.
        out: appears whole or not at all.

    Raises:
        ExportRefused: ONNX Runtime makes something else of a picture or a text than torch.
    """
    import torch

    model.eval()
    side = model.visual.image_size
    side = int(side[0] if isinstance(side, tuple | list) else side)
    random = torch.Generator().manual_seed(1)
    pixels = torch.randn((1, 3, side, side), generator=random)
    tokens = torch.randint(1, 400, (1, model.context_length), generator=random)
    # The end of the text is where the largest token is.
    tokens[0, 5] = int(getattr(model, "vocab_size", 401)) - 1
    fresh = out.with_name(f".{out.name}.partial")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        _export(model, "encode_image", pixels, fresh / _IMAGE)
        _export(model, "encode_text", tokens, fresh / _TEXT)
        shutil.copyfile(merges, fresh / _MERGES)
        mean, deviation = (
            [float(value) for value in values]
            for values in (model.visual.image_mean, model.visual.image_std)
        )
        digests = {
            file: hashlib.sha256((fresh / file).read_bytes()).hexdigest()
            for file in (_IMAGE, _TEXT)
        }
        (fresh / DESCRIPTION).write_text(
            f'name = "{name}"\nmodel = "{_IMAGE}"\nsha256 = "{digests[_IMAGE]}"\n'
            f"input_size = {side}\nmean = {mean}\ndeviation = {deviation}\n\n"
            f'[text]\nmodel = "{_TEXT}"\nsha256 = "{digests[_TEXT]}"\nmerges = "{_MERGES}"\n'
            f"context = {model.context_length}\n",
            "utf-8",
        )
        fresh.rename(out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _export(model: Any, method: str, entry: Any, path: Path) -> None:
    """Export one side, and compare it with the original."""
    import onnxruntime
    import torch

    class Side(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, given: Any) -> Any:
            return getattr(self.model, method)(given)

    # torch's own fast attention has no counterpart in ONNX.
    torch.backends.mha.set_fastpath_enabled(False)
    with torch.no_grad():
        wanted = getattr(model, method)(entry).numpy()
        torch.onnx.export(
            Side().eval(), (entry,), str(path), input_names=["entry"],
            output_names=["embedding"], dynamo=False, opset_version=17,
        )  # fmt: skip
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"entry": entry.numpy()})
    gap = float(np.abs(found - wanted).max() / max(float(np.linalg.norm(wanted)), 1e-12))
    # A NaN compares false with everything, so ask for agreement rather than for disagreement.
    if not gap <= TOLERANCE:
        raise ExportRefused(f"ONNX Runtime is off by {gap:.3g} from torch; nothing was written.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status (1 with one sentence on stderr when refused)."""
    parser = argparse.ArgumentParser(prog="python -m trainer.backbone.open_clip")
    parser.add_argument("--name", required=True, help="of a model that open_clip knows")
    parser.add_argument("--pretrained", help="which of its weights, or a path")
    parser.add_argument("--out", required=True, type=Path, help="folder to write")
    options = parser.parse_args(arguments)
    try:
        export(options.name, options.pretrained, options.out)
    except ExportRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
