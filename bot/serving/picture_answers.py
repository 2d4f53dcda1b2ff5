"""What processes that read pictures answer, taken apart: nothing of it is believed.

A picture may have made of such a process whatever it wants. What an answer says is of the right
kinds, sizes and ranges, or it is no answer.
"""

import math
from dataclasses import replace
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bot.serving.embed import EmbeddedImage, UndescribedImage
from bot.serving.picture_frames import HEADER, Asked
from models.apart.answering import Ended, Read
from models.attributes.expressions import EXPRESSIONS
from models.attributes.genre import GENRES
from models.attributes.read import Attributes
from models.backbone import BackboneUnusable
from models.decoding import ImageFile, ImageRefused, ImageUnread, Reason

#: Longest JSON of an answer, and most float32 numbers in one, bytes.
_LONGEST_WORDS: Final = 2**20
_MOST_NUMBERS: Final = 2**26
#: Longest side, and most frames, of a picture: more is no number that a database takes.
_MOST_COUNTED: Final = 2**31 - 1
#: Most faces and tags that are said of a picture.
_MOST_SAID: Final = 2_000

_Side = Annotated[int, Field(ge=1, le=_MOST_COUNTED)]
_Sentence = Annotated[str, Field(max_length=600)]


class Untrue(Ended):
    """An answer that cannot be one."""


class PictureFault(RuntimeError):
    """Reading a picture failed in a way that nobody expected; the message says how."""


class _Said(BaseModel):
    """The JSON of an answer."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    refused: Reason | None = None
    fault: Literal["backbone", "other"] | None = None
    sentence: _Sentence = ""
    image: ImageFile | None = None
    phash: Annotated[str, Field(pattern="^[0-9a-f]{16}$")] | None = None
    blank: bool | None = None
    attributes: Attributes | None = None
    size: tuple[_Side, _Side] | None = None
    shape: tuple[_Side, _Side, _Side] | None = None
    version: Annotated[str, Field(pattern="^[0-9a-f]{16}$")] | None = None
    finds_faces: bool | None = None


_SAID: Final = TypeAdapter(_Said)
_FORMATS: Final = frozenset({"JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF", "TIFF", "BMP"})


class Answer:
    """What a process answered to a question, believed as far as it can be true."""

    def __init__(self, asked: Asked, said: _Said, numbers: bytes, pixels: bytes) -> None:
        self._asked, self._said, self._numbers, self._pixels = asked, said, numbers, pixels

    def undescribed(self, dim: int) -> UndescribedImage:
        """A picture that was embedded, as ``dim`` numbers; raises `Untrue`."""
        said = self._said
        if said.phash is None or said.blank is None:
            raise Untrue
        return UndescribedImage(self._file(), said.phash, self._floats(dim), said.blank)

    def embedded(self, dim: int) -> EmbeddedImage:
        """The same with its attributes; raises `Untrue`."""
        seen = self.undescribed(dim)
        return EmbeddedImage(seen.image, seen.phash, seen.embedding, seen.blank, self.attributes())

    def attributes(self) -> Attributes:
        """What people can read off it; raises `Untrue`."""
        found = self._said.attributes
        if found is None or not _is_plausible(found):
            raise Untrue
        return found

    def pixels(self) -> Image.Image:
        """Its pixels, RGB; raises `Untrue`."""
        size = self._said.size
        if size is None:
            raise Untrue
        return Image.frombytes("RGB", size, self._pixels)

    def features(self) -> NDArray[np.float32] | None:
        """The backbone's last feature map, float32 [h, w, channels]; None: it gives none.

        Raises `Untrue`.
        """
        return None if self._said.shape is None else self._floats(*self._said.shape)

    def version(self) -> tuple[str, bool]:
        """What reads attributes, and whether it finds faces; raises `Untrue`."""
        said = self._said
        if said.version is None or said.finds_faces is None:
            raise Untrue
        return said.version, said.finds_faces

    def _file(self) -> ImageFile:
        found = self._said.image
        if (
            found is None
            or found.format not in _FORMATS
            or min(found.width, found.height, found.frames, found.frame + 1) < 1
            or max(found.width, found.height, found.frames, found.frame) > _MOST_COUNTED
        ):
            raise Untrue
        return replace(found, bytes=len(self._asked.data))

    def _floats(self, *shape: int) -> NDArray[np.float32]:
        if len(self._numbers) != 4 * math.prod(shape):
            raise Untrue
        found = np.frombuffer(self._numbers, np.float32)
        if not np.isfinite(found).all():
            raise Untrue
        # One that may be written to, as any other.
        return found.reshape(shape).copy()


def read_answer(asked: Asked, read: Read, *, most_pixels: int) -> Answer:
    """Read the answer to a question.

    Raises:
        Untrue: it cannot be one.
        ImageRefused: the picture cannot be used.
        BackboneUnusable: the backbone is missing or damaged.
        PictureFault: something else went wrong.
    """
    words, numbers, pixels = HEADER.unpack(read(HEADER.size))
    if words > _LONGEST_WORDS or numbers > _MOST_NUMBERS or pixels > 3 * most_pixels:
        raise Untrue
    try:
        said = _SAID.validate_json(read(words))
    except ValidationError as error:
        raise Untrue from error
    width, height = said.size or (0, 0)
    is_refusal = said.refused is not None or said.fault is not None
    if pixels != 3 * width * height or (is_refusal and (numbers or pixels)):
        raise Untrue
    _raise_refusal(said)
    return Answer(asked, said, read(numbers), read(pixels))


def _raise_refusal(said: _Said) -> None:
    sentence = "".join(each for each in said.sentence if each.isprintable())
    if said.refused == "busy":
        raise ImageUnread
    if said.refused is not None:
        raise ImageRefused(said.refused, sentence)
    if said.fault == "backbone":
        raise BackboneUnusable(sentence)
    if said.fault is not None:
        raise PictureFault(sentence)


def _is_plausible(found: Attributes) -> bool:
    genre, faces, tags = found.genre, found.faces or (), found.tags or {}
    look = found.look
    told = [face.expressions for face in faces if face.expressions is not None]
    return (
        (genre is None or (genre.name in (None, *GENRES) and {*genre.probabilities} <= {*GENRES}))
        and all({*each} == {*EXPRESSIONS} for each in told)
        and max(len(faces), len(tags)) <= _MOST_SAID
        and all(0 <= count <= _MOST_SAID for count in (look.faces or 0, look.text_lines or 0))
        and all(each.isprintable() for each in (found.read_by, *tags))
        and len(found.read_by) <= 16
    )
