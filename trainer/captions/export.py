"""The fitted caption network as the folder that serving reads, with weights of eight bits.

python -m trainer.captions.export --captions FOLDER --prepared FOLDER --network FOLDER --out FOLDER

The folder of the network is what `trainer.captions.train` wrote: the network, and what it said of
captions that it did not learn from, by which captions' merit is weighed against their words.
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
from models.captions.language_model import BATCH, MANIFEST, MODEL, PICTURES, TOKENIZER, WORDS
from models.captions.transformer import Transformer
from models.captions.word_merit import WordMerit
from storage.errors import ExpectedError
from trainer.captions.choose_network import load_arrays, load_network
from trainer.captions.evaluate import pairs_of
from trainer.captions.fit_ranking import fit_ranking
from trainer.captions.fit_word_merit import fit_word_merit
from trainer.captions.network import PREFIX, CaptionNetwork
from trainer.data.imgflip import read_captions

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


def export(
    network: CaptionNetwork, prepared: Path, out: Path, fitted: tuple[WordMerit, dict[str, Any]]
) -> None:
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
    fitted[0].save(out / WORDS)
    for name in (TOKENIZER, "emotions.npz"):
        shutil.copyfile(prepared / name, out / name)
    manifest = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "backbone": read_info(STARTER).fingerprint,
        "off_by": round(gap, 4),
        "ranking": fitted[1],
    }
    (out / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
    log.info("%s bytes, off by %.3g", len(content), gap)


def fit_merit(captions: Path, prepared: Path, judged: Path) -> tuple[WordMerit, dict[str, Any]]:
    """What words say of votes, and the weights of the ranking.

    The words are fitted on what the network learned from, the weights on what chose its epoch.
    """
    arrays, splits, _ = load_arrays(prepared / "arrays.npz")
    rows = read_captions(captions, sys.maxsize)
    texts = [" ".join(each.boxes) for each in rows]
    learn, choose = splits["split_all_learn"], splits["split_all_choose"]
    words = fit_word_merit([texts[row] for row in learn], arrays.merit[learn])
    data = arrays.rows(choose)
    with np.load(judged) as said:
        (title,) = {name.split("|")[1] for name in said.files if name.startswith("all|")}
        nats, merit = (
            said[f"all|{title}|choose|picture|{which}"].astype(np.float64)
            for which in ("nats", "merit")
        )
    likelihood = -nats / (data.lengths - PREFIX)
    places = np.array([words.place(texts[row]) for row in choose])
    features = np.stack([merit, places, likelihood], axis=1)
    votes = np.array([rows[row].votes for row in choose])
    weights = fit_ranking(features, pairs_of(votes, data.templates))
    centre = float((features @ weights).mean())
    return words, {"weights": np.round(weights, 4).tolist(), "centre": round(centre, 4)}


def write_pictures(prepared: Path, out: Path) -> None:
    """The embeddings of the pictures that the network learned from, each of length one."""
    with np.load(prepared / "arrays.npz") as arrays:
        found = arrays["views"][:, 0].astype(np.float32)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    np.savez_compressed(out / PICTURES, embeddings=found.astype(np.float16))


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m trainer.captions.export")
    parser.add_argument("--captions", type=Path, required=True)
    parser.add_argument("--prepared", type=Path, required=True)
    parser.add_argument("--network", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    fitted = fit_merit(options.captions, options.prepared, options.network / "judged.npz")
    try:
        export(
            load_network(options.network / "caption_network.npz"), options.prepared, options.out,
            fitted,
        )  # fmt: skip
    except ExportRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
