"""Files and folders that appear whole or not at all."""

import errno
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

_PARTIAL = ".partial-"
#: Nobody takes that long between two writes to a file, seconds.
_LEFT_OVER_SECONDS = 3600.0


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

    Several may write at once: each has a path of its own, and the last to end stays. What a killed
    one left is removed an hour later by the next.

    Args:
        target: the file; its folder is made where there is none.
        forced: whether it survives a power cut, which costs a wait for the disk.

    Raises:
        OSError: the disk is full or cannot be written; ``target`` is as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_left_over(target)
    temporary = target.with_name(f"{_PARTIAL}{secrets.token_hex(4)}-{target.name}")
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


def _remove_left_over(target: Path) -> None:
    """Remove what writers of a file left that were killed: nothing has been written to it since."""
    for path in target.parent.glob(f"{_PARTIAL}*-{escape(target.name)}"):
        with suppress(FileNotFoundError):
            if path.is_file() and time.time() - path.stat().st_mtime > _LEFT_OVER_SECONDS:
                path.unlink()


def write_folder(target: Path, fill: Callable[[Path], None]) -> None:
    """Make ``target`` by letting ``fill`` write into a temporary folder beside it.

    Raises:
        FileExistsError: ``target`` is already there.
        OSError: the disk is full or cannot be written; nothing is left behind.
    """
    if target.exists():
        raise FileExistsError(f"{target} is already there")
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=_PARTIAL))
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
