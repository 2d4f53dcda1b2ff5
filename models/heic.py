"""HEIC photos, as phones take them, read by libheif without ever making the whole picture twice."""

import io

from PIL import Image

from models.image_headers.container import MAX_PROFILE

#: Pillow's modes of what the decoder gives; alpha that was multiplied in is taken out again.
_MODES = frozenset({"L", "LA", "RGB", "RGBA", "RGBa"})


class Heic:
    """A decoded picture of which strips can be had as pictures of Pillow's.

    Attributes:
        size: width and height in px, upright and cropped as the file says.
        mode: Pillow's.
        profile: the ICC profile of its colours, empty where it has none.
    """

    def __init__(self, pixels: memoryview, size: tuple[int, int], mode: str, stride: int) -> None:
        self._pixels = pixels
        self._stride = stride
        self.size = size
        self.mode = mode
        self.profile = b""

    @property
    def width(self) -> int:
        return self.size[0]

    @property
    def height(self) -> int:
        return self.size[1]

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        """The rows of a box; it is as wide as the picture."""
        _, top, width, bottom = box
        rows = self._pixels[top * self._stride : bottom * self._stride]
        size = (width, bottom - top)
        strip = Image.frombytes(self.mode, size, rows, "raw", self.mode, self._stride)
        return strip.convert("RGBA") if self.mode == "RGBa" else strip


def open_heic(data: bytes) -> Heic:
    """Decode the main picture of a HEIC, turned upright.

    libheif takes no more memory for a frame than its header announces, and ends where a file
    announces one size and codes another.

    Raises:
        OSError, ValueError, SyntaxError, RuntimeError, EOFError, MemoryError: what the decoder
            raises where the file is damaged.
    """
    # Imported where it is needed: 0.1 s and 10 MB that most processes never need.
    from pillow_heif import HeifFile, options

    options.DECODE_THREADS = 1
    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    file = HeifFile(io.BytesIO(data), convert_hdr_to_8bit=True)  # type: ignore[no-untyped-call]
    image = file[file.primary_index]
    pixels = memoryview(image.data).cast("B")
    if image.mode not in _MODES or image.stride * image.size[1] > len(pixels):
        raise ValueError(f"mode {image.mode} is not read")
    heic = Heic(pixels, image.size, image.mode, image.stride)
    profile = image.info.get("icc_profile")
    if isinstance(profile, bytes) and len(profile) <= MAX_PROFILE:
        heic.profile = profile
    return heic
