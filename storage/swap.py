"""Replacing several files and folders of a data folder at once, whenever the process is killed.

What is to come is put beside the rest first, complete and checked. One file then says that the
exchange is on. From then on it is carried through: by this process, or, if that is killed, by
whoever opens the data next. Before, nothing has changed. What was there is kept in a folder of its
own.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from storage.errors import ExpectedError
from storage.files.atomic import fsync_folder

_STAGE = ".restore"
_LOCK = ".restore-lock"
#: How long to wait for another process that finishes an exchange, seconds.
_PATIENCE = 60.0


class SwapUnderWay(ExpectedError):
    """Another process is preparing an exchange of the same data folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"Another restore of {folder} is under way. Wait until it has ended.")


class Swap:
    """An exchange of what lies in a data folder.

    Args:
        folder: the data folder; it is there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stage = folder / _STAGE
        #: What is to come is put here, under its names in the data folder.
        self.new = self._stage / "new"

    @contextmanager
    def prepared(self) -> Iterator[None]:
        """Room for what is to come; it is taken away at the end unless it was exchanged.

        Raises:
            SwapUnderWay: another process is at it.
            OSError: the folder cannot be written.
        """
        finish_swap(self._folder)
        with _locked(self._folder, wait=0.0):
            # Of one that was killed before the exchange was on.
            shutil.rmtree(self._stage, ignore_errors=True)
            self.new.mkdir(mode=0o700, parents=True)
            self._stage.chmod(0o700)
            try:
                yield
            finally:
                if not (self._stage / "ready").exists():
                    shutil.rmtree(self._stage, ignore_errors=True)

    def exchange(self, names: Sequence[str], *, without: Sequence[str], keep_as: str) -> Path:
        """Put what is in `new` into the place of what is there. Call it within `prepared`.

        Args:
            names: what is replaced, in this order; all are in `new`.
            without: what goes away and is not replaced, if it is there.
            keep_as: name of the folder that what was there is kept in; a new one.

        Returns:
            That folder. It is not there where nothing was replaced.
        """
        _sync_tree(self.new)
        plan = {"names": [*names], "without": [*without], "keep_as": keep_as}
        draft = self._stage / "draft"
        with draft.open("w", encoding="utf-8") as file:
            json.dump(plan, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._stage / "ready")
        fsync_folder(self._stage)
        _carry_through(self._folder)
        return self._folder / keep_as


def finish_swap(folder: Path) -> bool:
    """Carry an exchange through that was cut short; return whether there was one.

    Call it before anything in a data folder is opened. It costs one look at the folder.
    """
    if not (folder / _STAGE / "ready").exists():
        return False
    with _locked(folder, wait=_PATIENCE):
        return _carry_through(folder)


def _carry_through(folder: Path) -> bool:
    stage = folder / _STAGE
    ready, new, old = stage / "ready", stage / "new", stage / "old"
    try:
        plan = json.loads(ready.read_text("utf-8"))
    except FileNotFoundError:
        # Another process has done it meanwhile.
        return False
    old.mkdir(mode=0o700, exist_ok=True)
    if any((new / name).exists() for name in plan["names"]):
        for name in plan["without"]:
            _put_away(folder / name, old)
    for name in plan["names"]:
        if (new / name).exists():
            _put_away(folder / name, old)
            (new / name).rename(folder / name)
    fsync_folder(folder)
    kept = folder / plan["keep_as"]
    if any(old.iterdir()) and not kept.exists():
        old.rename(kept)
    fsync_folder(folder)
    ready.unlink()
    shutil.rmtree(stage, ignore_errors=True)
    return True


def _put_away(path: Path, old: Path) -> None:
    if path.exists() and not (old / path.name).exists():
        path.rename(old / path.name)


@contextmanager
def _locked(folder: Path, *, wait: float) -> Iterator[None]:
    """Hold the folder's lock. SQLite's, because it ends with its process on every system."""
    with closing(sqlite3.connect(folder / _LOCK, timeout=wait, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise SwapUnderWay(folder) from error
        yield


def _sync_tree(folder: Path) -> None:
    """Make files and names below a folder survive a power cut."""
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            fsync_folder(path)
        else:
            with path.open("rb") as file:
                os.fsync(file.fileno())
