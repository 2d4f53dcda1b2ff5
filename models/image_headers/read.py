"""Recognise an image file by its content and take it apart."""

import struct

from models.image_headers.bmp import read_bmp
from models.image_headers.container import Container, ContainerError
from models.image_headers.gif import read_gif
from models.image_headers.heif import BRANDS, read_heif
from models.image_headers.jpeg import read_jpeg
from models.image_headers.png import SIGNATURE, read_png
from models.image_headers.tiff import SIGNATURES, read_tiff
from models.image_headers.webp import read_webp


def read_container(data: bytes) -> Container:
    """Recognise an image by its content and take it apart.

    Raises:
        ContainerError: it is another format or damaged; nothing else is raised, whatever the bytes.
    """
    for file_format, starts, read in (
        ("JPEG", data.startswith(b"\xff\xd8\xff"), read_jpeg),
        ("PNG", data.startswith(SIGNATURE), read_png),
        ("GIF", data.startswith((b"GIF87a", b"GIF89a")), read_gif),
        ("WEBP", data.startswith(b"RIFF") and data[8:12] == b"WEBP", read_webp),
        ("HEIF", data[4:8] == b"ftyp" and data[8:12] in BRANDS, read_heif),
        ("TIFF", data.startswith(SIGNATURES), read_tiff),
        ("BMP", data.startswith(b"BM"), read_bmp),
    ):
        if starts:
            try:
                container = read(data)
            except ContainerError as error:
                raise ContainerError(error.fault, _named(file_format, data)) from error
            except (IndexError, struct.error) as error:
                raise ContainerError("truncated", _named(file_format, data)) from error
            if container.width < 1 or container.height < 1:
                raise ContainerError("corrupt", file_format)
            return container
    raise ContainerError("unsupported_format")


def _named(file_format: str, data: bytes) -> str:
    """What people call the file that could not be taken apart."""
    if file_format != "HEIF":
        return file_format
    return "AVIF" if data[8:12].startswith(b"avi") else "HEIC"
