"""Files and folders that appear whole or not at all."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def fsync_folder(folder: Path) -> None:
    """Make the names in ``folder`` survive a power cut, where the system has a way to."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def replacing(target: Path, *, forced: bool = True) -> Iterator[Path]:
    """A path beside ``target``; what the block writes there takes its place, whole or not at all.

    For files that one process at a time writes: what a killed one left is written over.

    Args:
        target: the file; its folder is made where there is none.
        forced: whether it survives a power cut, which costs a wait for the disk.

    Raises:
        OSError: the disk is full or cannot be written; ``target`` is as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".partial-{target.name}")
    try:
        yield temporary
        if forced:
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if forced:
        fsync_folder(target.parent)


def write_folder(target: Path, fill: Callable[[Path], None]) -> None:
    """Make ``target`` by letting ``fill`` write into a temporary folder beside it.

    Raises:
        FileExistsError: ``target`` is already there.
        OSError: the disk is full or cannot be written; nothing is left behind.
    """
    if target.exists():
        raise FileExistsError(f"{target} is already there")
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=".partial-"))
    try:
        fill(temporary)
        for path in temporary.rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
        temporary.chmod(0o755)
        try:
            temporary.rename(target)
        except OSError as error:
            # Somebody else made it since we looked: a folder is not renamed over one that is full.
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
                raise FileExistsError(f"{target} is already there") from error
            raise
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    fsync_folder(target.parent)
