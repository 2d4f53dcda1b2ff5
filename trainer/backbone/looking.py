"""Looking at pictures from anywhere in a process of its own: one that ends it costs itself alone.

A decoder may have faults that no refusal catches. In the process that trains, a picture which meets
one would end the run, and the next run, too.
"""

import json
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.apart.answering import AnsweringProcess, Ended, Read
from storage.errors import ExpectedError
from trainer.backbone.look_process import HEADER

COMMAND = (sys.executable, "-m", f"{__package__}.look_process")

#: A picture that ends so many processes is left out.
DEATHS: Final = 2
#: One that takes longer ends the process as well, seconds.
_SECONDS = 80.0


class CannotLook(ExpectedError):
    """No process that looks at pictures could be started; the message is a sentence."""


class Looker:
    """Decodes picture files in a process of its own, for one thread at a time.

    Args:
        left_out: called with the path of a picture that ended two processes.
        without: pictures that are not looked at: they ended theirs before.
        command: starts the process.
    """

    def __init__(
        self,
        left_out: Callable[[Path], None],
        *,
        without: Collection[Path] = (),
        command: tuple[str, ...] | None = None,
    ) -> None:
        self._told, self._left_out = left_out, set(without)
        self._command = command or COMMAND
        self._process: AnsweringProcess | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def canvas(self, path: Path, side: int) -> NDArray[np.uint8] | None:
        """As `trainer.backbone.finetune_pictures.canvas`; None also where it is left out.

        Raises:
            CannotLook: nothing can be looked at.
        """
        found = self._look(path, side)
        return None if isinstance(found, str) else found

    def rgb(self, path: Path) -> Image.Image | None:
        """As `trainer.backbone.distill_images.read_rgb`; None where it is left out.

        Raises:
            OSError: it is damaged.
            CannotLook: nothing can be looked at.
        """
        found = self._look(path, None)
        if isinstance(found, str):
            raise OSError(found)
        return None if found is None else Image.fromarray(found)

    def _look(self, path: Path, side: int | None) -> NDArray[np.uint8] | str | None:
        """Pixels, or why there are none; None: it is left out, or nothing is said."""
        if path in self._left_out:
            return None
        asked = json.dumps({"path": str(path), "side": side}).encode() + b"\n"
        for _ in range(DEATHS):
            process = self._process
            if process is None or not process.is_there:
                process = self._start()
            try:
                return process.ask([asked], _read, seconds=_SECONDS)
            except Ended:
                self._end()
        self._left_out.add(path)
        self._told(path)
        return None

    def _start(self) -> AnsweringProcess:
        """A process that has shown that it can look at a picture."""
        self._end()
        process = self._process = AnsweringProcess(self._command)
        try:
            process.ask([], _read, seconds=_SECONDS)
        except Ended as error:
            self._end()
            raise CannotLook(
                "The process that looks at pictures ended before it had seen one (status"
                f" {process.status}): memory may have run out."
            ) from error
        return process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end()


def _read(read: Read) -> NDArray[np.uint8] | str | None:
    """Pixels, or why there are none; None where nothing is said."""
    has_pixels, height, width = HEADER.unpack(read(HEADER.size))
    if has_pixels:
        return np.frombuffer(read(height * width * 3), np.uint8).reshape(height, width, 3)
    return read(height).decode(errors="replace") or None
