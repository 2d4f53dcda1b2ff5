"""Images as people name them on the command line: files, folders, web addresses, standard input."""

import asyncio
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.runtime.download import Downloader, DownloadFailed, DownloadRefused

#: What a person types for standard input.
STANDARD_INPUT = "-"
#: Endings of the files that are taken from a folder.
_ENDINGS = {
    ".apng", ".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png",
    ".tif", ".tiff", ".webp",
}  # fmt: skip


class SourceUnread(Exception):
    """The image cannot be read; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class ImageSource:
    """One image that somebody named.

    Attributes:
        name: as they did; of a file in a folder its path.
        wrong: why there is nothing to read, a sentence; None: it can be tried.
    """

    name: str
    wrong: str | None = None


def named_images(names: Iterable[str]) -> list[ImageSource]:
    """What people named, in their order; of a folder its image files, and those of its folders."""
    found: list[ImageSource] = []
    for name in names:
        if name == STANDARD_INPUT and any(each.name == name for each in found):
            found.append(ImageSource(name, "Standard input can be read once."))
        elif not _is_address(name) and Path(name).is_dir():
            files = [ImageSource(str(path)) for path in _in_folder(Path(name))]
            found += files or [ImageSource(name, "There is no image file in this folder.")]
        else:
            found.append(ImageSource(name))
    return found


async def read_image(source: ImageSource, downloader: Downloader, max_bytes: int) -> bytes:
    """The bytes of an image: one more than is accepted at most, so that the decoder can say so.

    Args:
        source: which.
        downloader: fetches addresses, within its bounds and from public hosts only.
        max_bytes: the largest file that is accepted.

    Raises:
        SourceUnread: it cannot be read.
    """
    if source.wrong is not None:
        raise SourceUnread(source.wrong)
    try:
        if _is_address(source.name):
            return await downloader.fetch(source.name)
        return await asyncio.to_thread(_read, source.name, max_bytes + 1)
    except DownloadRefused as refusal:
        raise SourceUnread(str(refusal)) from refusal
    except DownloadFailed as failure:
        raise SourceUnread(f"The image could not be downloaded: {failure}.") from failure
    except OSError as error:
        raise SourceUnread(f"The file cannot be read: {error.strerror or error}.") from error


def _is_address(name: str) -> bool:
    return name.lower().startswith(("http://", "https://"))


def _in_folder(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.suffix.lower() in _ENDINGS and path.is_file():
            yield path


def _read(name: str, most: int) -> bytes:
    if name == STANDARD_INPUT:
        return sys.stdin.buffer.read(most)
    with Path(name).open("rb") as stream:
        return stream.read(most)
