"""Fits the growth curves that ship: ``python -m trainer.growth.ship_starter FILE``."""

import sys
from pathlib import Path

import numpy as np

from models.growth_curves import STARTER, GrowthCurves
from storage.errors import ExpectedError
from trainer.data.trajectory_file import read_trajectories
from trainer.growth.fit_curves import fit_curve

#: Ages of the curves and the horizon, seconds.
AGES = (3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600)
HORIZON = 24 * 3600


def fit_starter(file: Path) -> GrowthCurves:
    """Curves of all posts in a file that were read up to the horizon.

    Raises:
        ExpectedError: the file cannot be used.
        ValueError: it holds too few posts.
    """
    curves = []
    whole = [
        (post, final)
        for post in read_trajectories(file)[0]
        if (final := post.final(HORIZON)) is not None
    ]
    for age in AGES:
        seen = [(post.trajectory.until(age), final) for post, final in whole]
        seen = [(so_far, final) for so_far, final in seen if age in so_far.ages]
        outcomes = np.array([final for _, final in seen], np.float64)
        curves.append(fit_curve([so_far for so_far, _ in seen], outcomes, age, thinned=True))
    return GrowthCurves(HORIZON, tuple(curves))


def main() -> int:
    """Write the curves of the file that is named; 0 when it was done, 1 with a sentence if not."""
    try:
        (file,) = sys.argv[1:]
        fit_starter(Path(file)).save(STARTER)
    except (ExpectedError, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
