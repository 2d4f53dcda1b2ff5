"""Text in images, by RapidOCR. The extra ``ocr`` brings it, with its models in the package."""

import importlib.util
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from models.attributes.text_layout import TextLayout, read_layout
from storage.errors import ExpectedError

#: Longest text that is kept.
MAX_TEXT = 2_000

#: What a picture to read is decoded for (side in px): at least twice as much of its shorter side
#: is kept. Letters need more of it than the backbone does.
READ_SIZE = 480

#: Lines with less confidence are noise from textures.
_MIN_CONFIDENCE = 0.5

#: Larger images are reduced to this longer side: reading time grows with the pixels.
_MAX_SIDE = 960


class OcrMissing(ExpectedError):
    """The extra is not installed; the message says how to install it."""


@dataclass(frozen=True, slots=True)
class ReadText:
    """What was read in an image, and where it stands there."""

    text: str
    layout: TextLayout


def available() -> bool:
    """Whether the extra is installed."""
    return all(importlib.util.find_spec(name) for name in ("rapidocr", "onnxruntime"))


def check_ocr() -> None:
    """Make sure that the extra is installed.

    Raises:
        OcrMissing: it is not.
    """
    if not available():
        raise OcrMissing(
            "Reading text in images needs the extra `ocr`: type `make install EXTRAS=ocr`."
        )


class TextReader:
    """Reads text in images, under a second each on one core. Safe to call from several threads."""

    def __init__(self, *, threads: int = 1) -> None:
        """Load the models.

        Raises:
            OcrMissing: the extra is not installed.
        """
        check_ocr()
        from rapidocr import RapidOCR

        self._engine: Any = RapidOCR(
            params={
                "Global.log_level": "error",
                # By default small images are enlarged to 736 px and every line is tested for being
                # upside down: 1.6 s an image of 448 px instead of 0.6, for the same text.
                "Global.use_cls": False,
                "Det.limit_type": "max",
                "Det.limit_side_len": _MAX_SIDE,
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )
        self._lock = threading.Lock()

    def read(self, image: Image.Image) -> str:
        """The lines of text in an RGB image, top to bottom, joined by spaces; empty if none."""
        return self.read_placed(image).text

    def read_placed(self, image: Image.Image) -> ReadText:
        """The same, and where the text stands."""
        small = image
        if max(image.size) > _MAX_SIDE:
            small = image.copy()
            small.thumbnail((_MAX_SIDE, _MAX_SIDE))
        # RapidOCR takes arrays in OpenCV's order, blue first.
        pixels = np.ascontiguousarray(np.asarray(small.convert("RGB"))[:, :, ::-1])
        with self._lock:
            found = self._engine(pixels)
        boxes = () if found.boxes is None else found.boxes
        lines = [
            (line, np.asarray(box))
            for line, sure, box in zip(found.txts or (), found.scores or (), boxes, strict=True)
            if sure >= _MIN_CONFIDENCE
        ]
        text = " ".join(line for line, _ in lines)[:MAX_TEXT]
        return ReadText(text, read_layout([box for _, box in lines], small.size))
