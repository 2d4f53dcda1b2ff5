"""encoder.toml: what Peoria has to know of an image encoder to use it as a backbone."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from models.backbone_error import BackboneUnusable

DESCRIPTION = "encoder.toml"
#: What an encoder's text side is called in a backbone's folder.
TEXT_MODEL, TEXT_MERGES, TAGS = "encoder.text.onnx", "encoder.merges", "encoder.tags.npz"
#: The files of a model by the ending of their names.
FORMATS = {".onnx": "onnx", ".tflite": "litert"}

_DIGEST = re.compile(r"[0-9a-f]{64}")

Pooling = Literal["none", "mean", "first"]
_POOLING: tuple[Pooling, ...] = ("none", "mean", "first")
_SIZES = range(16, 1025)
_KEYS = {
    "name", "model", "sha256", "input_size", "mean", "deviation", "colours", "pooling", "output",
    "text",
}  # fmt: skip
_TEXT_KEYS = {"model", "sha256", "merges", "context"}


@dataclass(frozen=True, slots=True)
class TextEncoderDescription:
    """The text side of an encoder such as CLIP.

    Attributes:
        model: its ONNX file.
        sha256: of that file; None: not checked.
        merges: the tokenizer's merges, as CLIP's are written (plain or .gz).
        context: tokens that it takes.
    """

    model: str
    sha256: str | None
    merges: str
    context: int


@dataclass(frozen=True, slots=True)
class EncoderDescription:
    """What encoder.toml says.

    Attributes:
        name: for people.
        model: the file, .onnx or .tflite, beside encoder.toml.
        sha256: of that file; None: not checked.
        input_size: side of the square input, pixels.
        mean: taken from colours in [0, 1], channel by channel.
        deviation: what they are then divided by.
        colours: the order of the channels.
        pooling: ``none`` where the output is one vector; ``mean`` over places or tokens; ``first``
            token.
        output: name of the model's output; None: its only one, or the one that pooling fits.
        text: the text encoder; None: there is none.
    """

    name: str
    model: str
    sha256: str | None
    input_size: int
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    colours: Literal["RGB", "BGR"]
    pooling: Pooling
    output: str | None
    text: TextEncoderDescription | None

    @property
    def format(self) -> str:
        """``onnx`` or ``litert``."""
        return FORMATS[Path(self.model).suffix.lower()]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read ``folder``/encoder.toml.

        Raises:
            BackboneUnusable: it is missing, or says something that cannot be; the message says
                what.
        """
        path = folder / DESCRIPTION
        try:
            content = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise BackboneUnusable(f"There is no {path} ({error.strerror}).") from error
        except ValueError as error:
            raise BackboneUnusable(f"{path} cannot be read: {error}.") from error
        return cls.parse(content, str(path))

    @classmethod
    def parse(cls, content: dict[str, Any], where: str) -> Self:
        """Check what a description says.

        Raises:
            BackboneUnusable: see `read`.
        """
        says = _Table(content, where, _KEYS)
        model = says.file("model")
        if Path(model).suffix.lower() not in FORMATS:
            raise says.wrong("model", f"a file that ends in {' or '.join(FORMATS)}")
        size = says.whole("input_size", _SIZES)
        deviation = says.three("deviation", 1.0)
        if min(deviation) <= 0:
            raise says.wrong("deviation", "three numbers above 0")
        return cls(
            name=says.text("name", 100), model=model, sha256=says.checksum(), input_size=size,
            mean=says.three("mean", 0.0), deviation=deviation,
            colours=says.one_of("colours", ("RGB", "BGR")),
            pooling=says.one_of("pooling", _POOLING),
            output=says.text("output", 200) if "output" in content else None,
            text=_text(content["text"], where) if "text" in content else None,
        )  # fmt: skip


def _text(content: Any, where: str) -> TextEncoderDescription:
    if not isinstance(content, dict):
        raise BackboneUnusable(f"{where}: [text] must be a table.")
    says = _Table(content, f"{where}, [text]", _TEXT_KEYS)
    model = says.file("model")
    if Path(model).suffix.lower() != ".onnx":
        raise says.wrong("model", "a file that ends in .onnx")
    return TextEncoderDescription(
        model, says.checksum(), says.file("merges"), says.whole("context", range(4, 1025))
    )


class _Table:
    """One table of the file, and the sentences about what is wrong in it."""

    def __init__(self, content: dict[str, Any], where: str, known: set[str]) -> None:
        self._content = content
        self._where = where
        if unknown := sorted(set(content) - known):
            raise BackboneUnusable(
                f"{where}: {unknown[0]} is not known; there are {', '.join(sorted(known))}."
            )

    def wrong(self, key: str, wanted: str) -> BackboneUnusable:
        """The sentence about a value."""
        if key not in self._content:
            return BackboneUnusable(f"{self._where}: {key} is missing; it must be {wanted}.")
        return BackboneUnusable(
            f"{self._where}: {key} is {self._content[key]!r:.80}; it must be {wanted}."
        )

    def text(self, key: str, longest: int) -> str:
        value = self._content.get(key)
        if not isinstance(value, str) or not 0 < len(value.strip()) <= longest:
            raise self.wrong(key, f"a text of at most {longest} characters")
        return value.strip()

    def file(self, key: str) -> str:
        """A file beside the description, and nowhere else."""
        value = self.text(key, 200)
        if Path(value).name != value or value.startswith("."):
            raise self.wrong(key, "the name of a file in the same folder")
        return value

    def checksum(self) -> str | None:
        value = self._content.get("sha256")
        if value is None:
            return None
        if not isinstance(value, str) or not _DIGEST.fullmatch(value):
            raise self.wrong("sha256", "64 lower-case hexadecimal digits")
        return value

    def whole(self, key: str, among: range) -> int:
        value = self._content.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value not in among:
            raise self.wrong(key, f"a whole number from {among[0]} to {among[-1]}")
        return value

    def three(self, key: str, default: float) -> tuple[float, float, float]:
        value = self._content.get(key, [default] * 3)
        fits = isinstance(value, list) and len(value) == 3
        if not fits or not all(type(each) in (int, float) and abs(each) < 1e3 for each in value):
            raise self.wrong(key, "three numbers, one for each colour from 0 to 1")
        red, green, blue = map(float, value)
        return red, green, blue

    def one_of(self, key: str, choices: tuple[Any, ...]) -> Any:
        value = self._content.get(key, choices[0])
        if value not in choices:
            raise self.wrong(key, f"one of {', '.join(choices)}")
        return value
