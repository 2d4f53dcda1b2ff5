"""Train what reads expressions, from faces to the file that serves, in one command:

    python -m trainer.attributes.train_expressions FACES --start WEIGHTS --out FILE.tflite

FACES is a folder with index.csv, WEIGHTS those of MobileNetV2 (1.0, no top) in Keras's format. It
fits the two networks of `trainer.attributes.expression_pair` on all faces, as many steps of each as
go into ``--minutes`` on this machine (never more than the recipes that shipped have), and takes
their geometric mean. Time is shared as the recipes that shipped share it. A run that was cut short
goes on where it was when it is started again: the folder beside FILE keeps its state until then.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.attributes.expressions import EXPRESSIONS
from trainer.attributes.expression_pair import recipes
from trainer.attributes.fit_network import Recipe, fit_network, seconds_a_step
from trainer.attributes.labelled_faces import LabelledFaces, read_faces
from trainer.attributes.serve_network import write_network

#: What loading, timing and converting take of the minutes that are given.
_BESIDES = 6.0
#: Steps are a multiple of this, so that the state can be kept in equal parts.
_MULTIPLE = 50


def steps_for(seconds: dict[str, float], shipped: dict[str, int], minutes: float) -> dict[str, int]:
    """How many steps of each network go into some minutes.

    Args:
        seconds: that a step takes, by network.
        shipped: steps that the network that shipped was fitted for; no more are taken.
        minutes: for all networks together.
    """
    whole = sum(seconds[name] * steps for name, steps in shipped.items())
    share = min(1.0, max(minutes - _BESIDES, 0.0) * 60 / whole)
    return {
        name: max(int(share * steps) // _MULTIPLE, 1) * _MULTIPLE for name, steps in shipped.items()
    }


def _planned(faces: LabelledFaces, start: Path, state: Path, minutes: float) -> dict[str, Recipe]:
    """The recipes for this machine; a run that goes on keeps those that it began with."""
    plan, made = state / "plan.json", recipes(start)
    if plan.exists():
        steps = json.loads(plan.read_text("utf-8"))
    else:
        seconds = {
            name: seconds_a_step(
                faces.grey[:512], faces.expression[:512], recipe, classes=len(EXPRESSIONS)
            )
            for name, recipe in made.items()
        }
        shipped = {name: recipe.steps for name, recipe in made.items()}
        steps = steps_for(seconds, shipped, minutes)
        told = ", ".join(
            f"{name} {steps[name]} steps of {seconds[name]:.2f} s (shipped: {shipped[name]})"
            for name in made
        )
        sys.stdout.write(f"{minutes:g} minutes: {told}\n")
        state.mkdir(parents=True, exist_ok=True)
        plan.write_text(json.dumps(steps), "utf-8")
    return {name: replace(recipe, steps=steps[name]) for name, recipe in made.items()}


def main(arguments: Sequence[str]) -> int:
    """Time, fit, convert, check and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("faces", type=Path)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=55.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    read = read_faces if options.faces.is_dir() else LabelledFaces.load
    faces = read(options.faces)
    # A pretrained network takes the first faces as examples: those of all sources.
    faces = faces.take(np.random.default_rng(0).permutation(len(faces)))
    state = options.out.with_suffix(".training")
    networks = []
    for number, (name, recipe) in enumerate(
        _planned(faces, options.start, state, options.minutes).items()
    ):
        done = state / f"{name}.weights.h5"
        if done.exists():
            network = recipe.build(faces.grey, len(EXPRESSIONS))
            network.load_weights(done)
        else:
            sys.stdout.write(f"{name}:\n")
            network = fit_network(
                faces.grey, faces.expression, recipe, classes=len(EXPRESSIONS),
                seed=options.seed + number, resume=state / name, show=True,
            )  # fmt: skip
            network.save_weights(done)
        networks.append(network)
    write_network(networks, options.out, faces.grey[::200])
    shutil.rmtree(state)
    sys.stdout.write(f"wrote {options.out}: {options.out.stat().st_size / 1000:.0f} kB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
