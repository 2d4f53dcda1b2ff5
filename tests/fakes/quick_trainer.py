"""A training process that takes a second: ``python -m tests.fakes.quick_trainer``.

It reads the labels as `trainer.refit.process` does and writes a head whose numbers hang on them,
though nothing is fitted. It always asks for promotion.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from models.features import FEATURES_VERSION
from models.head import GROUPS, Head, Member
from models.registry import Manifest, write_version
from trainer.data.dataset import read_labelled
from trainer.data.labelled_posts import LabelledPosts
from trainer.head.fit_encoding import encode, fit_encoding
from trainer.head.recipe import Recipe


def head_of(posts: LabelledPosts) -> Head:
    """A head that says something else about every post, the same for the same labels."""
    rows = np.arange(len(posts))
    encoding = fit_encoding(posts.groups, rows, Recipe())
    encoded = encode(encoding, posts.groups, rows[:1])
    rng = np.random.default_rng(int(posts.score.sum()) % 2**32)

    def layer(width: int, units: int) -> tuple[Any, Any]:
        kernel = rng.normal(0, width**-0.5, (width, units)).astype(np.float32)
        return kernel, np.zeros(units, np.float32)

    hidden = tuple(layer(encoded[group].shape[1], 2) for group in GROUPS)
    return Head(encoding, (Member(hidden, layer(2 * len(GROUPS), 10)),))


def main() -> None:
    task = json.loads(sys.stdin.readline())
    posts = asyncio.run(read_labelled(task["database_url"], task["backbone"]))
    until = datetime.fromtimestamp(float(posts.matured_at.max()), UTC)
    manifest = Manifest(
        name=f"quick-{len(posts)}", created_at=until, backbone=task["backbone"],
        features_version=FEATURES_VERSION, trained_until=until, labels=len(posts), metrics={},
    )  # fmt: skip
    root = Path(task["models_root"])
    # A run that was killed may have left it.
    if not (root / manifest.name).exists():
        write_version(root, manifest, head_of(posts).save)
    result = {
        "version": manifest.name, "folder": str(root / manifest.name), "promote": True,
        "reason": "It is the newer one.", "evidence": {},
    }  # fmt: skip
    sys.stdout.write(json.dumps({"result": result}) + "\n")


if __name__ == "__main__":
    main()
