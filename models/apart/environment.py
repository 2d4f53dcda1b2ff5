"""What a process is told that works on files from anywhere."""

import os
import re
import sys
from typing import Final

#: What the names of variables begin with that may hold secrets, and decoding needs nothing of.
_NOT_TOLD: Final = ("PEORIA_", "AWS_", "AZURE_", "GOOGLE_")
#: What others are called or hold: keys of trackers and hubs, passwords of databases and proxies.
_SECRET_NAME: Final = re.compile("TOKEN|SECRET|PASS|CREDENTIAL|KEY|DSN")
_SECRET_VALUE: Final = re.compile("://[^/@]*@")


def untold() -> dict[str, str]:
    """This process's environment without Peoria's settings, keys and passwords."""
    kept = {name: value for name, value in os.environ.items() if not _is_secret(name, value)}
    # On a node of a cluster, our modules are found by other ways than the folder. What lies in the
    # folder that Peoria was started in must not be taken for one of them.
    paths = os.pathsep.join(map(os.path.abspath, sys.path))
    return kept | {"PYTHONPATH": paths, "PYTHONSAFEPATH": "1"}


def _is_secret(name: str, value: str) -> bool:
    # Settings are read whatever case their names are in.
    upper = name.upper()
    return (
        upper.startswith(_NOT_TOLD)
        or _SECRET_NAME.search(upper) is not None
        or _SECRET_VALUE.search(value) is not None
    )
