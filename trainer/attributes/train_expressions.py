"""Train what reads expressions, from faces to the file that serves, in one command:

    python -m trainer.attributes.train_expressions FACES --start WEIGHTS --out FILE.tflite.gz

FACES is a folder with index.csv (or what `LabelledFaces.save` wrote), WEIGHTS those of MobileNetV2
(1.0, no top) in Keras's format. It fits one network on all faces, cheap enough for two cores: a
MobileNetV2 whose first layers stay as they were. ``--whole`` takes the recipes that shipped, all of
`trainer.attributes.expression_networks`, one after another, which are for a GPU.

Before each network it times a step, and takes as many as go into what is left of ``--minutes``,
never more than the recipe has. The first is always fitted; any other is left out when less than
half of its steps could be taken. What serves is the mean of those that were fitted. A run that was
cut short goes on where it was when it is started again: the folder beside FILE keeps its state
until then.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.attributes.expressions import EXPRESSIONS
from trainer.attributes.balance import SHIPPED_BALANCE, mean
from trainer.attributes.expression_networks import SERVED, TEACHERS, recipes
from trainer.attributes.fit_network import Recipe, fit_network, seconds_a_step, tell
from trainer.attributes.labelled_faces import LabelledFaces, read_faces
from trainer.attributes.serve_network import write_network

#: What loading, timing and converting take of the minutes that are given.
_BESIDES = 6.0
#: Steps are a multiple of this, so that the state can be kept in equal parts.
_MULTIPLE = 50
#: A network is left out when fewer of its steps than this share could be taken.
_LEAST_SHARE = 0.5


def two_core_recipes(start: Path) -> dict[str, Recipe]:
    """What two cores can fit within an hour, by name; `recipes` are what shipped.

    The mesh beside it takes more time than this one, and changes the mean by less than chance does.
    """
    pretrained = recipes(start)["pretrained"]
    return {"pretrained": replace(pretrained, steps=1200, batch=64, kept="block_6")}


def steps_for(seconds_a_step: float, whole: int, left: float) -> int:
    """How many steps go into the seconds that are left, at most those of the recipe."""
    return max(int(min(whole, max(left, 0.0) / seconds_a_step)) // _MULTIPLE, 1) * _MULTIPLE


def _planned(
    name: str, recipe: Recipe, faces: LabelledFaces, state: Path, *, left: float, needed: bool
) -> Recipe | None:
    """The recipe for this machine and the seconds left; a fit that goes on keeps its own.

    None: it is left out.
    """
    plan = state / f"{name}.json"
    if plan.exists():
        return replace(recipe, steps=json.loads(plan.read_text("utf-8")))
    few = slice(0, 512)
    seconds = seconds_a_step(
        faces.grey[few], faces.expression[few], recipe, classes=len(EXPRESSIONS)
    )
    steps = steps_for(seconds, recipe.steps, left)
    told = f"{name}: {steps} steps of {seconds:.2f} s (the recipe has {recipe.steps})"
    if not needed and steps < _LEAST_SHARE * recipe.steps:
        sys.stdout.write(f"{told}: too few, it is left out.\n")
        return None
    sys.stdout.write(f"{told}\n")
    state.mkdir(parents=True, exist_ok=True)
    plan.write_text(json.dumps(steps), "utf-8")
    return replace(recipe, steps=steps)


def main(arguments: Sequence[str]) -> int:
    """Time, fit, convert, check and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("faces", type=Path)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=55.0)
    parser.add_argument("--whole", action="store_true", help="the recipes that shipped, for a GPU")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    read = read_faces if options.faces.is_dir() else LabelledFaces.load
    faces = read(options.faces)
    # A pretrained network takes the first faces as examples: those of all sources.
    faces = faces.take(np.random.default_rng(0).permutation(len(faces)))
    state = options.out.with_suffix(".training")
    wanted = (recipes if options.whole else two_core_recipes)(options.start)
    ends = time.monotonic() + (options.minutes - _BESIDES) * 60
    networks: list[Any] = []
    said: list[NDArray[np.float32]] = []
    for number, (name, whole) in enumerate(wanted.items()):
        left = ends - time.monotonic()
        recipe = _planned(name, whole, faces, state, left=left, needed=not networks)
        if recipe is None:
            continue
        done = state / f"{name}.weights.h5"
        if done.exists():
            network = recipe.build(faces.grey, len(EXPRESSIONS))
            network.load_weights(done)
        else:
            network = fit_network(
                faces.grey, faces.expression, recipe, classes=len(EXPRESSIONS),
                seed=options.seed + number, teacher=mean(said) if recipe.taught else None,
                resume=state / name, show=True,
            )  # fmt: skip
            network.save_weights(done)
        if name in TEACHERS:
            said.append(tell(network, faces.grey).probabilities)
        if name in SERVED:
            networks.append(network)
    balance = SHIPPED_BALANCE if len(networks) == len(SERVED) else None
    write_network(networks, options.out, faces.grey[::200], balance)
    shutil.rmtree(state)
    sys.stdout.write(f"wrote {options.out}: {options.out.stat().st_size / 1000:.0f} kB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
