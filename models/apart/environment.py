"""What a process is told that works on files from anywhere."""

import os
import sys
from typing import Final

#: What the names of variables begin with that hold secrets, and that decoding needs nothing of.
_NOT_TOLD: Final = ("PEORIA_", "AWS_", "AZURE_", "GOOGLE_")


def untold() -> dict[str, str]:
    """This process's environment without Peoria's settings and an object store's keys."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_TOLD)}
    # On a node of a cluster, our modules are found by other ways than the folder.
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
