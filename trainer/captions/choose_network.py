"""Which caption network is best: several are fitted, one after another, with any backend of Keras.

    python -m trainer.captions.choose_network --arrays FILE --out FOLDER [--short]

FILE is what `trainer.captions.prepare` writes. Networks are compared on captions made later than
those they learned from. Tables are written after each, so that a run may be ended.
"""

import argparse
import json
import logging
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.captions.fit_network import CaptionArrays, Recipe, fit_network, judge
from trainer.captions.network import PREFIX, CaptionNetwork, Shape

log = logging.getLogger(__name__)


def contenders(vocabulary: int) -> dict[str, tuple[Shape, Recipe]]:
    """The networks that are compared, by name; the first is what the others vary."""
    shape, recipe = Shape(vocabulary, width=256, depth=4, dropout=0.2), Recipe(epochs=16)
    return {
        "256x4": (shape, recipe),
        "256x4, dropout 0.3": (replace(shape, dropout=0.3), replace(recipe, epochs=24)),
        "256x6, dropout 0.3": (replace(shape, depth=6, dropout=0.3), replace(recipe, epochs=24)),
        "256x4, merit 3": (shape, replace(recipe, merit_weight=3.0)),
        "192x4": (replace(shape, width=192), recipe),
    }


def load_arrays(path: Path) -> tuple[CaptionArrays, dict[str, NDArray[Any]], int]:
    """The captions, their splits by name, and the size of the vocabulary."""
    with np.load(path) as found:
        arrays = CaptionArrays(
            found["tokens"].astype(np.int32), found["lengths"].astype(np.int32),
            found["templates"].astype(np.int32), found["merit"].astype(np.float32),
            found["views"], found["anything"].astype(np.int32),
        )  # fmt: skip
        splits = {name: found[name] for name in found.files if name.startswith("split_")}
        return arrays, splits, int(found["vocabulary"])


def save_weights(network: CaptionNetwork, path: Path) -> None:
    """The weights in the order Keras keeps them, half precision, and the shape."""
    weights = {f"w{n:03}": w.astype(np.float16) for n, w in enumerate(network.get_weights())}
    np.savez_compressed(path, shape=json.dumps(asdict(network.shape)), **weights)


def load_network(path: Path) -> CaptionNetwork:
    """Back from `save_weights`."""
    with np.load(path) as found:
        network = CaptionNetwork(Shape(**json.loads(str(found["shape"]))))
        network.build()
        names = sorted(name for name in found.files if name.startswith("w"))
        network.set_weights([found[name].astype(np.float32) for name in names])
    return network


class Study:
    """Fits networks and keeps what came of each in tables.json and judged.npz."""

    def __init__(self, arrays: CaptionArrays, splits: dict[str, Any], out: Path) -> None:
        self.arrays, self.splits, self.out = arrays, splits, out
        self.tables: dict[str, Any] = {}
        self.judged: dict[str, NDArray[Any]] = {}

    def part(self, split: str, name: str) -> CaptionArrays:
        """Captions of a split: learn, choose or judge."""
        return self.arrays.rows(self.splits[f"split_{split}_{name}"])

    def fit(self, title: str, split: str, shape: Shape, recipe: Recipe) -> CaptionNetwork:
        """Fit on a split, and judge what it holds back."""
        began = time.monotonic()
        rows: list[dict[str, Any]] = []

        def on_epoch(row: dict[str, Any]) -> None:
            rows.append(row)
            log.info("%s | %s | %s", title, split, row)

        network = fit_network(
            self.part(split, "learn"), shape, recipe,
            judged=self.part(split, "choose"), on_epoch=on_epoch,
        )  # fmt: skip
        entry: dict[str, Any] = {
            "shape": asdict(shape), "recipe": asdict(recipe), "epochs": rows,
            "weights": int(sum(np.size(w) for w in network.get_weights())),
        }  # fmt: skip
        for name in ("choose", "judge"):
            if f"split_{split}_{name}" not in self.splits:
                continue
            part = self.part(split, name)
            for kind, told in (("picture", True), ("any", False)):
                nats, merits = judge(network, part, with_picture=told)
                key = f"{split}|{title}|{name}|{kind}"
                self.judged[f"{key}|nats"] = nats.astype(np.float16)
                self.judged[f"{key}|merit"] = merits.astype(np.float16)
                entry[f"{name}_{kind}"] = {
                    "nats_per_token": float(nats.sum() / (part.lengths - PREFIX).sum()),
                    "merit_r": float(np.corrcoef(merits, part.merit)[0, 1]),
                }
        entry["seconds"] = time.monotonic() - began
        self.tables[f"{split}|{title}"] = entry
        (self.out / "tables.json").write_text(json.dumps(self.tables, indent=1))
        np.savez_compressed(self.out / "judged.npz", **self.judged)  # type: ignore[arg-type]
        return network


def main(arguments: list[str] | None = None) -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m trainer.captions.choose_network")
    parser.add_argument("--arrays", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--short", action="store_true", help="two small networks, two epochs")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    arrays, splits, vocabulary = load_arrays(options.arrays)
    options.out.mkdir(parents=True, exist_ok=True)
    study = Study(arrays, splits, options.out)
    found = contenders(vocabulary)
    if options.short:
        found = {
            name: (replace(shape, width=32, depth=1), replace(recipe, epochs=2))
            for name, (shape, recipe) in list(found.items())[:2]
        }
    for title, (shape, recipe) in found.items():
        study.fit(title, "time", shape, recipe)


if __name__ == "__main__":
    main()
