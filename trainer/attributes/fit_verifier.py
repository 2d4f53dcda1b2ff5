"""Fit the network that looks again at what the detector takes for a face. Run as a program:

    python -m trainer.attributes.fit_verifier PROPOSALS.npz --out FILE.tflite.gz

PROPOSALS.npz is what `trainer.attributes.face_proposals` writes. It runs on any backend of Keras;
the file for serving is written with TensorFlow. `--out FILE.npz` keeps the weights, where there is
no TensorFlow, and `--fitted FILE.npz` converts them.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from trainer.attributes.face_network import build_network
from trainer.attributes.face_proposals import SIDE, Proposals
from trainer.attributes.fit_network import Recipe, fit_network, tell

RECIPE = Recipe(width=16, steps=4000, batch=256, smoothing=0.02, drop=0.2)
#: One photo in so many is held back, to say how well it tells faces it did not learn from.
_HELD_BACK = 8


def fit(proposals: Proposals, recipe: Recipe, *, seed: int) -> tuple[Any, float]:
    """The network, and the area under its curve on photos that were held back."""
    back = proposals.photo % _HELD_BACK == 0
    learn = np.random.default_rng(seed).permutation(np.flatnonzero(~back))
    network = fit_network(
        proposals.grey[learn], proposals.is_face[learn], recipe, classes=2, seed=seed
    )
    said = tell(network, proposals.grey[back]).probabilities[:, 1]
    return network, float(roc_auc_score(proposals.is_face[back], said))


def main(arguments: Sequence[str]) -> int:
    """Fit or read, convert, check and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("proposals", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fitted", type=Path, help="weights that were kept")
    parser.add_argument("--steps", type=int, default=RECIPE.steps)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    proposals = Proposals.load(options.proposals)
    if options.fitted is None:
        recipe = Recipe(
            width=RECIPE.width, steps=options.steps, batch=RECIPE.batch,
            smoothing=RECIPE.smoothing, drop=RECIPE.drop,
        )  # fmt: skip
        network, area = fit(proposals, recipe, seed=options.seed)
        sys.stdout.write(f"area under the curve, photos held back: {area:.4f}\n")
    else:
        network = build_network(side=SIDE, classes=2, width=RECIPE.width, drop=RECIPE.drop)
        with np.load(options.fitted) as file:
            network.set_weights([file[name].astype(np.float32) for name in sorted(file.files)])
    if options.out.suffix == ".npz":
        weights = {f"w{n:03d}": each for n, each in enumerate(network.get_weights())}
        np.savez_compressed(options.out, **weights)
    else:
        from trainer.attributes.serve_network import write_network

        write_network([network], options.out, proposals.grey[::50])
    sys.stdout.write(f"wrote {options.out}: {options.out.stat().st_size / 1000:.0f} kB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
