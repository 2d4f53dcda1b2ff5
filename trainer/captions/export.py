"""The fitted caption network as the folder that serving reads, with weights of eight bits.

python -m trainer.captions.export --prepared FOLDER --network FILE --out FOLDER
"""

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

import numpy as np

from models.backbone import read_info
from models.backbone_files import STARTER
from models.captions.language_model import BATCH, MANIFEST, MODEL, PICTURES, TOKENIZER
from models.captions.transformer import Transformer
from storage.errors import ExpectedError
from trainer.captions.network import CaptionNetwork

log = logging.getLogger(__name__)

#: Weights in eight bits move logits (−10 to 10) by less than this, in the mean.
TOLERANCE = 0.1


class ExportRefused(ExpectedError):
    """The converted network disagrees with the original."""


def convert(network: CaptionNetwork) -> Transformer:
    """The same network for NumPy."""
    shape = network.shape
    return Transformer.of(network.get_weights(), depth=shape.depth, heads=shape.heads)


def difference(network: CaptionNetwork, served: Transformer) -> float:
    """Mean absolute difference of the logits over some places of random captions."""
    random = np.random.default_rng(3)
    tokens = random.integers(300, network.shape.vocabulary, (BATCH, 12)).astype(np.int32)
    picture = random.random(network.shape.picture).astype(np.float32)
    inputs = {"tokens": tokens, "picture": np.tile(picture, (BATCH, 1))}
    wanted = np.asarray(network(inputs)["logits"])
    return float(np.abs(served.logits(served.read(tokens, picture, [])) - wanted).mean())


def export(network: CaptionNetwork, prepared: Path, out: Path, facts: dict[str, Any]) -> None:
    """Write the folder.

    Raises:
        ExportRefused: the converted network disagrees with the original.
    """
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / MODEL
        convert(network).save(path)
        gap = difference(network, Transformer.load(path))
        content = path.read_bytes()
    # A NaN compares false with everything, so ask for agreement rather than for disagreement.
    if not gap <= TOLERANCE:
        raise ExportRefused(f"The converted network is off by {gap:.3g}; nothing was written.")
    out.mkdir(parents=True, exist_ok=True)
    (out / MODEL).write_bytes(content)
    write_pictures(prepared, out)
    for name in (TOKENIZER, "emotions.npz"):
        shutil.copyfile(prepared / name, out / name)
    manifest = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "backbone": read_info(STARTER).fingerprint,
        "off_by": round(gap, 4),
        **facts,
    }
    (out / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
    log.info("%s bytes, off by %.3g", len(content), gap)


def write_pictures(prepared: Path, out: Path) -> None:
    """The embeddings of the pictures that the network learned from, each of length one."""
    with np.load(prepared / "arrays.npz") as arrays:
        found = arrays["views"][:, 0].astype(np.float32)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    np.savez_compressed(out / PICTURES, embeddings=found.astype(np.float16))


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m trainer.captions.export")
    parser.add_argument("--prepared", type=Path, required=True)
    parser.add_argument("--network", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    from trainer.captions.choose_network import load_network

    try:
        export(load_network(options.network), options.prepared, options.out, {})
    except ExportRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
