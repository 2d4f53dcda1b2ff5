"""Make the file that reads expressions of the networks that were fitted. Run as a program:

    python -m trainer.attributes.fit_expressions FITTED --faces FACES --out FILE.tflite.gz

FITTED is the all.npz of `trainer.attributes.expression_networks`. It needs TensorFlow.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.attributes.expressions import EXPRESSIONS, FACE_SIZE
from trainer.attributes.balance import SHIPPED_BALANCE
from trainer.attributes.expression_networks import SERVED, recipes
from trainer.attributes.labelled_faces import LabelledFaces, read_faces
from trainer.attributes.serve_network import write_network


def read_fitted(path: Path) -> list[Any]:
    """The networks that were fitted on all faces."""
    networks = []
    with np.load(path) as file:
        for name in SERVED:
            network = recipes(None)[name].build_empty(side=FACE_SIZE, classes=len(EXPRESSIONS))
            weights = sorted(each for each in file.files if each.startswith(f"weights/{name}/"))
            network.set_weights([file[each].astype(np.float32) for each in weights])
            networks.append(network)
    return networks


def main(arguments: Sequence[str]) -> int:
    """Read, convert, check and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("fitted", type=Path)
    parser.add_argument("--faces", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    read = read_faces if options.faces.is_dir() else LabelledFaces.load
    examples = read(options.faces).grey[::200]
    write_network(read_fitted(options.fitted), options.out, examples, SHIPPED_BALANCE)
    sys.stdout.write(f"wrote {options.out}: {options.out.stat().st_size / 1000:.0f} kB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
