"""Files and folders that only their owner can read."""

import contextlib
import logging
import os
from collections.abc import Iterable
from pathlib import Path

log = logging.getLogger(__name__)

_FILE, _FOLDER = 0o600, 0o700


def make_private_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, and close it to other accounts.

    Raises:
        OSError: it cannot be made, or a file is in its place.
    """
    folder.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    close_to_others(folder)


def make_private_file(path: Path) -> None:
    """Make an empty file that only its owner can read, unless it is there.

    Raises:
        OSError: it cannot be made.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, _FILE))


def close_to_others(*paths: Path) -> None:
    """Take the rights of other accounts away from files and folders, as far as they are there.

    Where this account may not do that (they belong to another one, or the file system has no
    rights), the log says so and they stay as they are.
    """
    for path in paths:
        wanted = _FOLDER if path.is_dir() else _FILE
        with contextlib.suppress(FileNotFoundError):
            if os.name == "nt" or not path.stat().st_mode & 0o077:
                continue
            try:
                path.chmod(wanted)
            except OSError as error:
                log.warning("Other accounts can read %s (%s).", path, error.strerror)


def close_all_to_others(folder: Path, names: Iterable[str]) -> None:
    """`close_to_others` for a folder, and for what lies in it under one of some patterns."""
    close_to_others(folder, *(path for name in names for path in folder.glob(name)))
