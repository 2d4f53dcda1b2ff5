"""Recognise an image file by its content and take it apart."""

import struct

from models.image_headers.avif import read_avif
from models.image_headers.container import Container, ContainerError
from models.image_headers.gif import read_gif
from models.image_headers.jpeg import read_jpeg
from models.image_headers.png import SIGNATURE, read_png
from models.image_headers.webp import read_webp

#: What an AVIF file may begin with; the general brands are those of other formats, too.
_AVIF_BRANDS = (b"avif", b"avis", b"mif1", b"msf1")


def read_container(data: bytes) -> Container:
    """Recognise a JPEG, PNG, GIF, WebP or AVIF by its content and take it apart.

    Raises:
        ContainerError: it is another format or damaged; nothing else is raised, whatever the bytes.
    """
    for file_format, starts, read in (
        ("JPEG", data.startswith(b"\xff\xd8\xff"), read_jpeg),
        ("PNG", data.startswith(SIGNATURE), read_png),
        ("GIF", data.startswith((b"GIF87a", b"GIF89a")), read_gif),
        ("WEBP", data.startswith(b"RIFF") and data[8:12] == b"WEBP", read_webp),
        ("AVIF", data[4:8] == b"ftyp" and data[8:12] in _AVIF_BRANDS, read_avif),
    ):
        if starts:
            try:
                container = read(data)
            except ContainerError as error:
                raise ContainerError(error.fault, file_format) from error
            except (IndexError, struct.error) as error:
                raise ContainerError("truncated", file_format) from error
            if container.width < 1 or container.height < 1:
                raise ContainerError("corrupt", file_format)
            return container
    raise ContainerError("unsupported_format")
