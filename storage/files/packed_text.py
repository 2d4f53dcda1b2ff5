"""Files that may be packed and may be in any encoding, opened as UTF-8."""

import codecs
import io
import lzma
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from storage.errors import ExpectedError

#: What packed files begin with: the name that pyarrow knows each by.
_PACKED: Final = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bz2"))
_XZ: Final = b"\xfd7zXZ\0"

#: Marks at the start of a text that tell its encoding; the longer ones first.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

#: What programs of Windows write that write no UTF-8, and what takes any bytes.
_WITHOUT_MARK: Final = ("utf-8", "cp1252", "latin-1")

_CHUNK: Final = 2**20

#: What reading a damaged packed file raises; pyarrow's own errors are among the last two.
UNPACKING_ERRORS: Final = (OSError, EOFError, lzma.LZMAError, ValueError, NotImplementedError)


class FileUnreadable(ExpectedError):
    """The file is missing, closed to us, or damaged; the message says which."""


@dataclass(frozen=True, slots=True)
class PackedText:
    """How a file's text is found in its bytes.

    Attributes:
        path: the file.
        packing: ``gzip``, ``zstd``, ``bz2``, ``xz``, or None where it is not packed.
        encoding: of the text, by the name that Python gives it.
        mark: bytes before the text that tell the encoding.
    """

    path: Path
    packing: str | None
    encoding: str
    mark: bytes

    def open(self) -> IO[bytes]:
        """The text as UTF-8, without its mark. Raises `UNPACKING_ERRORS`, also while it is read."""
        stream = _unpacked(self.path, self.packing)
        stream.read(len(self.mark))
        if self.encoding == "utf-8":
            return stream
        import pyarrow as pa

        return io.BufferedReader(
            pa.transcoding_input_stream(pa.PythonFile(stream, mode="r"), self.encoding, "utf-8")
        )

    @property
    def name(self) -> str:
        """What people call it, for example ``UTF-16, packed with gzip``."""
        name = {"utf-8": "UTF-8", "cp1252": "Windows-1252", "latin-1": "Latin-1"}.get(
            self.encoding, self.encoding.upper()[:6]
        )
        return f"{name}, packed with {self.packing}" if self.packing else name


def open_packed(path: Path) -> PackedText:
    """Find out how a file is packed and encoded. The whole file is read where nothing marks it.

    Raises:
        FileUnreadable: it cannot be read, or what it is packed in is damaged.
    """
    try:
        with path.open("rb") as file:
            start = file.read(8)
        packing = "xz" if start.startswith(_XZ) else None
        packing = next((name for magic, name in _PACKED if start.startswith(magic)), packing)
        with _unpacked(path, packing) as stream:
            start = stream.read(64)
            mark, encoding = next(
                ((mark, name) for mark, name in _MARKS if start.startswith(mark)), (b"", None)
            )
            if encoding == "utf-8":
                encoding = _first_that_fits(start, stream)
            encoding = encoding or _wide(start) or _first_that_fits(start, stream)
    except UNPACKING_ERRORS as error:
        raise FileUnreadable(f"{path} cannot be read: {_reason(error)}.") from error
    return PackedText(path, packing, encoding, mark)


def _unpacked(path: Path, packing: str | None) -> IO[bytes]:
    if packing is None:
        return path.open("rb")
    if packing == "xz":
        return lzma.open(path, "rb")
    # Imported where it is needed: the serving process never pays its 0.5 s and 45 MB.
    import pyarrow as pa

    return io.BufferedReader(pa.CompressedInputStream(pa.OSFile(str(path)), packing))


def _wide(start: bytes) -> str | None:
    """UTF-16 without a mark: every second byte of plain English is zero."""
    if len(start) >= 4 and not any(start[1::2]) and all(start[::2]):
        return "utf-16-le"
    if len(start) >= 4 and not any(start[::2]) and all(start[1::2]):
        return "utf-16-be"
    return None


def _first_that_fits(start: bytes, stream: IO[bytes]) -> str:
    decoders = {name: codecs.getincrementaldecoder(name)() for name in _WITHOUT_MARK}
    chunk = start
    while chunk:
        for name, decoder in list(decoders.items()):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                del decoders[name]
        chunk = stream.read(_CHUNK)
    for name, decoder in decoders.items():
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return name
    raise AssertionError("Latin-1 takes any bytes")


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or f"it is damaged or cut short ({error})"
