"""Where in an image a prediction comes from.

The embedding is the mean of the last feature map over its places, so the gradient of the predicted
percentile by the embedding, read along the map, says which places speak for the image and which
against it (Grad-CAM, https://arxiv.org/abs/1610.02391, with its sign kept).
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: For and against; told apart by people who do not see red and green alike, too.
FOR = (255, 140, 0)
AGAINST = (40, 110, 255)
#: How much of the picture the strongest colour covers.
STRENGTH = 0.6


def contributions(
    feature_map: NDArray[np.float32], gradient: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What each place adds to the predicted percentile, compared with the rest of the image.

    Args:
        feature_map: float32[h, w, c].
        gradient: float64[c], of the percentile (0 to 1) by the embedding.

    Returns:
        float64[h, w]; its sum is 0.
    """
    places = feature_map.shape[0] * feature_map.shape[1]
    centred = feature_map - feature_map.mean((0, 1))
    found: NDArray[np.float64] = centred @ gradient / places
    return found


def paint(pixels: Image.Image, places: NDArray[np.float64], *, longest: int = 512) -> bytes:
    """Lay contributions over a picture: orange where they raise the percentile, blue where not.

    Args:
        pixels: RGB.
        places: float64[h, w], as `contributions` gives them.
        longest: the longer side of the result, pixels; smaller pictures stay as they are.

    Returns:
        a PNG file.
    """
    picture = pixels.copy()
    picture.thumbnail((longest, longest))
    strongest = np.abs(places).max()
    share = places / strongest if strongest > 0 else places
    smooth = np.asarray(
        Image.fromarray(share.astype(np.float32)).resize(picture.size, Image.Resampling.BICUBIC)
    )
    # Greyed, so that the picture's own colours are not taken for the map's.
    painted = picture.convert("L").convert("RGB")
    for colour, side in ((FOR, smooth), (AGAINST, -smooth)):
        cover = side.clip(0, 1) * (STRENGTH * 255)
        painted.paste(colour, mask=Image.fromarray(cover.astype(np.uint8)))
    file = io.BytesIO()
    # Four times as quick as the usual 6, for a file a third larger.
    painted.save(file, "PNG", compress_level=1)
    return file.getvalue()
