"""How a picture looks: colours, light, sharpness, how much of it is text, how many faces."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.attributes.text_layout import TextLayout

#: Longer side that a picture is looked at with, pixels: what a file's size is decides nothing.
LOOK_SIZE = 128
#: What red, green and blue add to the brightness that people see (ITU-R BT.601).
_LUMA = np.array((0.299, 0.587, 0.114), np.float32)


@dataclass(frozen=True, slots=True)
class Look:
    """What can be measured of any picture.

    Attributes:
        colourfulness: of Hasler and Süsstrunk (2003); 0 for grey, 15 slightly, 45 averagely, 82
            highly colourful by their panel, 190 at most.
        sharpness: spread of the Laplacian of the brightness at 128 pixels, 0 (one colour) to 4
            (chequered black and white); photos have about 0.07 to 0.17.
        brightness: mean, 0 (black) to 1 (white).
        text_share: share of the area that text covers, 0 to 1; None where text was not read.
        faces: number of faces that were found; None where they are not looked for.
        text_top: share of the text that is in the upper third, 0 to 1; None as above.
        text_bottom: share of the text that is in the lower third, 0 to 1; None as above.
        text_lines: lines of text; None as above.
    """

    colourfulness: float
    sharpness: float
    brightness: float
    text_share: float | None
    faces: int | None
    text_top: float | None = None
    text_bottom: float | None = None
    text_lines: int | None = None

    def with_text(self, layout: TextLayout) -> "Look":
        """The same, where text was read."""
        return replace(
            self,
            text_share=layout.share,
            text_top=layout.top,
            text_bottom=layout.bottom,
            text_lines=layout.lines,
        )


def read_look(image: Image.Image, *, faces: int | None) -> Look:
    """Measure an RGB picture of any size; its text is read apart (`Look.with_text`)."""
    small = image
    if max(image.size) > LOOK_SIZE:
        small = image.copy()
        small.thumbnail((LOOK_SIZE, LOOK_SIZE), Image.Resampling.BILINEAR)
    pixels = np.asarray(small, np.float32)
    luma = pixels @ _LUMA / np.float32(255)
    return Look(colourfulness(pixels), sharpness(luma), float(luma.mean()), None, faces)


def colourfulness(pixels: NDArray[np.float32]) -> float:
    """The measure of Hasler and Süsstrunk (2003), 0 to 190.

    Args:
        pixels: float32[height, width, 3], RGB, 0 to 255.
    """
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = np.hypot(red_green.std(), yellow_blue.std())
    mean = np.hypot(red_green.mean(), yellow_blue.mean())
    return float(spread + 0.3 * mean)


def sharpness(luma: NDArray[np.floating]) -> float:
    """The spread of the Laplacian, 0 to 4; 0 for a picture with a side under 3 pixels.

    Args:
        luma: float[height, width], 0 to 1.
    """
    if min(luma.shape) < 3:
        return 0.0
    middle = luma[1:-1, 1:-1]
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return float((around - 4 * middle).std())
