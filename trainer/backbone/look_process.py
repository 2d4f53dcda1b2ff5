"""The process that decodes for `trainer.backbone.looking`: ``python -m`` this module.

A line of JSON for each picture on standard input; on standard output the pixels, raw: whoever
started it believes nothing of what a file may have made of this process.
"""

import io
import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.apart.child import ended_after, questions_and_answers
from trainer.backbone.distill_images import read_rgb
from trainer.backbone.finetune_canvas import canvas

#: What an answer begins with: whether there are pixels, and their height and width; without any,
#: the bytes of a sentence.
HEADER = struct.Struct(">?II")
#: After so many seconds at one picture it ends by itself; whoever asked has given up before.
_LONGEST = 300

Look = Callable[[Path, int | None], NDArray[np.uint8] | None]


def look(path: Path, side: int | None) -> NDArray[np.uint8] | None:
    """A picture's pixels, uint8 [h, w, 3]: as `canvas` gives them, or whole where no side is given.

    Raises:
        OSError: it was to be whole, and is damaged.
    """
    return np.asarray(read_rgb(path)) if side is None else canvas(path, side)


def serve(requests: BinaryIO, answers: BinaryIO, look: Look) -> None:
    """Answer until nothing more is asked; the first answer, to nothing, says that it can."""
    small = io.BytesIO()
    Image.new("RGB", (2, 2)).save(small, "JPEG")
    _answer(answers, np.asarray(Image.open(small)))
    for line in requests:
        asked: dict[str, Any] = json.loads(line)
        try:
            pixels = look(Path(asked["path"]), asked["side"])
            found: NDArray[np.uint8] | str = "" if pixels is None else pixels
        except Exception as error:  # noqa: BLE001 - whatever a decoder raises on what it is given
            found = f"{type(error).__name__}: {error}"
        _answer(answers, found)


def _answer(answers: BinaryIO, found: NDArray[np.uint8] | str) -> None:
    if isinstance(found, str):
        said = found.encode(errors="replace")
        answers.write(HEADER.pack(False, len(said), 0) + said)
    else:
        answers.write(HEADER.pack(True, *found.shape[:2]))
        answers.write(np.ascontiguousarray(found).data)
    answers.flush()


def main(look: Look = look) -> int:
    """Answer with what ``look`` gives until the process that started this closes the pipe."""
    serve(*questions_and_answers(), ended_after(_LONGEST, look))
    return 0


if __name__ == "__main__":
    sys.exit(main())
