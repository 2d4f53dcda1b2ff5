"""The public copy of a file, by its format."""

from collections.abc import Callable, Mapping

from storage.files.public_copy.avif import public_avif
from storage.files.public_copy.gif import public_gif
from storage.files.public_copy.jpeg import public_jpeg
from storage.files.public_copy.pieces import PublicCopy
from storage.files.public_copy.png import public_png
from storage.files.public_copy.webp import public_webp

_BY_FORMAT: Mapping[str, Callable[[bytes], PublicCopy]] = {
    "JPEG": public_jpeg,
    "PNG": public_png,
    "WEBP": public_webp,
    "GIF": public_gif,
    "AVIF": public_avif,
}
#: Formats that are served as they are, without what is nobody's business.
FORMATS = frozenset(_BY_FORMAT)


def public_copy(data: bytes, image_format: str) -> PublicCopy:
    """The copy of a file that may be shown to everybody.

    Args:
        data: the file.
        image_format: one of `FORMATS`.

    Raises:
        NotUnderstood: the file is not built as its format says.
    """
    return _BY_FORMAT[image_format](data)
