"""A process that looks at pictures, and is ended by those which begin with "poison"."""

import os
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.backbone.look_process import look, main

COMMAND = (sys.executable, "-m", __name__)


def ended_by_poison(path: Path, side: int | None) -> NDArray[np.uint8] | None:
    if path.is_file() and path.read_bytes().startswith(b"poison"):
        os._exit(1)
    return look(path, side)


if __name__ == "__main__":
    sys.exit(main(ended_by_poison))
