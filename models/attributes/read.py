"""All attributes of one picture, in one call."""

import gzip
import hashlib
import threading
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.attributes.blaze_face import BlazeFace
from models.attributes.expressions import EXPRESSIONS
from models.attributes.face_finder import FaceFinder, FoundFace, cut_out
from models.attributes.face_network import FaceNetwork
from models.attributes.files import ATTRIBUTES, face_detector
from models.attributes.genre import Genre
from models.attributes.look import Look, read_look
from models.attributes.serving_genres import ServingGenres
from models.attributes.text_layout import TextLayout

#: Faces whose expression is read, the largest first: forty faces take no longer than these.
MAX_EXPRESSIONS: Final = 6
#: Raised where the same networks are asked in another way: what was read before is read again.
_RULES: Final = 1
#: An expression that is surer than this at first is not looked for again in the mirror: of 400
#: faces none had another name for that, and it takes a quarter less time.
_SURE_AT_ONCE: Final = 0.7
#: Least probability of an expression that is named.
NAMED_EXPRESSION: Final = 0.5


@dataclass(frozen=True, slots=True)
class Face:
    """A face and what it looks like.

    Attributes:
        box: left, top, right, bottom as shares of the picture's width and height, 0 to 1.
        sure: how sure it is that this is a face, 0 to 1.
        expressions: probability of each of EXPRESSIONS; None where it was not read: among many
            faces only the largest are.
    """

    box: tuple[float, float, float, float]
    sure: float
    expressions: dict[str, float] | None

    @property
    def expression(self) -> str | None:
        """The expression that is named; None: not sure, or not read."""
        if self.expressions is None:
            return None
        best = max(self.expressions, key=self.expressions.__getitem__)
        return best if self.expressions[best] >= NAMED_EXPRESSION else None


@dataclass(frozen=True, slots=True)
class Attributes:
    """What people can read off a picture.

    Attributes:
        genre: None where the embedding is another backbone's than the genre head reads.
        faces: the largest first; None where they are not looked for (without the extra train).
        look: what can be measured of any picture.
        tags: what it shows and how probably, the likeliest first; None where the backbone has no
            text encoder.
        title_agreement: cosine of picture and title, -1 to 1; None as above, or without a title.
        read_by: version of what read faces and look (`AttributeReader.version`); stored beside the
            rest. Empty where that is not known.
    """

    genre: Genre | None
    faces: tuple[Face, ...] | None
    look: Look
    tags: dict[str, float] | None = None
    title_agreement: float | None = None
    read_by: str = ""

    @property
    def expressions(self) -> list[str]:
        """The expressions that its faces have, those that most of them have first."""
        named = (face.expression for face in self.faces or ())
        counted = Counter(name for name in named if name is not None)
        return [name for name, _ in counted.most_common()]

    def with_genre(self, name: str) -> "Attributes":
        """The same with a genre that people gave it."""
        told = {} if self.genre is None else self.genre.probabilities
        return replace(self, genre=Genre(name, told))

    def with_text(self, layout: TextLayout) -> "Attributes":
        """The same, where text was read."""
        return replace(self, look=self.look.with_text(layout))

    def as_json(self) -> dict[str, Any]:
        """As it is printed and stored, rounded to four digits."""
        found: dict[str, Any] = _rounded(asdict(self))
        del found["read_by"]
        # Told by encoders that few have: elsewhere they are not even named.
        return {
            name: value
            for name, value in found.items()
            if value is not None or name not in ("tags", "title_agreement")
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """What `as_json` made."""
        genre, faces, look = stored["genre"], stored["faces"], stored["look"]
        return cls(
            None if genre is None else Genre(genre["name"], genre["probabilities"]),
            None
            if faces is None
            else tuple(
                Face(tuple(each["box"]), each["sure"], each["expressions"]) for each in faces
            ),
            Look(**look),
            stored.get("tags"),
            stored.get("title_agreement"),
        )


class AttributeReader:
    """Reads the attributes of pictures. Safe to call from several threads."""

    def __init__(self, genres: Path | None = None) -> None:
        """Of a folder of genre heads that were learned here; None: the one that ships serves."""
        self._genres = ServingGenres(genres)
        self._parts: _Parts | None = None
        self._loading = threading.Lock()

    def read(
        self, image: Image.Image, embedding: NDArray[np.float32], *, backbone: str
    ) -> Attributes:
        """Read an RGB picture of any size.

        Args:
            image: as it was decoded.
            embedding: float32[1280].
            backbone: fingerprint of the backbone that made the embedding.
        """
        parts = self._load()
        faces = None
        if parts.finder is not None:
            found, boxes = parts.finder.find(image)
            faces = _with_expressions(image, found, boxes, parts.expressions)
        with self._loading:
            head = self._genres.head()
        genre = head.tell(embedding) if head.backbone == backbone else None
        count = None if faces is None else len(faces)
        look = read_look(image, faces=count)
        return Attributes(genre, faces, look, read_by=parts.version)

    @property
    def version(self) -> str:
        """Which networks read, and how: 16 hexadecimal digits.

        What another version read is read again. Genres are apart from it, as they are told from the
        embedding.
        """
        return self._load().version

    @property
    def finds_faces(self) -> bool:
        """Whether faces are looked for; without the extra train they are not."""
        return self._load().finder is not None

    def _load(self) -> "_Parts":
        with self._loading:
            if self._parts is None:
                self._parts = _Parts.load()
            return self._parts


@dataclass(frozen=True, slots=True)
class _Parts:
    finder: FaceFinder | None
    expressions: FaceNetwork
    version: str

    @classmethod
    def load(cls) -> Self:
        detector = face_detector()
        verifier, expressions = _file("verifier"), _file("expressions")
        finder = None
        if detector is not None:
            finder = FaceFinder(BlazeFace(detector), FaceNetwork(verifier))
        read_with = hashlib.sha256(str(_RULES).encode())
        for content in (detector or b"", verifier, expressions):
            read_with.update(hashlib.sha256(content).digest())
        return cls(finder, FaceNetwork(expressions), read_with.hexdigest()[:16])


def _file(name: str) -> bytes:
    return gzip.decompress((ATTRIBUTES / f"{name}.tflite.gz").read_bytes())


def _with_expressions(
    image: Image.Image,
    found: list[FoundFace],
    boxes: NDArray[np.float64],
    network: FaceNetwork,
) -> tuple[Face, ...]:
    squares = cut_out(image, boxes[:MAX_EXPRESSIONS], network.side)
    told: list[dict[str, float] | None] = [
        dict(zip(EXPRESSIONS, map(float, row), strict=True))
        for row in network.tell(squares, sure=_SURE_AT_ONCE)
    ]
    told += [None] * (len(found) - len(told))
    return tuple(
        Face(face.box, face.sure, expressions)
        for face, expressions in zip(found, told, strict=True)
    )


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return value
