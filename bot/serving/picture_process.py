"""The process that reads pictures for `bot.serving.picture_pool`: ``python -m`` this module.

It knows neither the database nor a secret, and works on one picture at a time, so that it is known
which one ended it.
"""

import json
import sys
import traceback
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from bot.serving.embed import (
    EmbeddedImage,
    UndescribedImage,
    embed_image,
    embed_undescribed,
    feature_map,
    read_attributes,
)
from bot.serving.picture_frames import HEADER, Asked, Places, frame
from models.apart.child import allow_memory, end_first, ended_after, questions_and_answers
from models.attributes.read import AttributeReader
from models.backbone import Backbone, BackboneUnusable
from models.backbone_files import load_backbone
from models.decoding import ImageRefused, ImageUnread, decode

#: Backbones that are kept loaded: the one that serves, and the one that is switched to.
_BACKBONES: Final = 2
#: What may be taken beyond what a picture's decoding takes by its header, bytes: networks that
#: are loaded when they are first needed, and what they work with.
_BESIDE: Final = 768 * 2**20
#: After so many seconds at one question it ends by itself; whoever asked has given up before.
_LONGEST: Final = 300

Answer = Sequence[bytes]
Look = Callable[[Asked], Answer]


class PictureReader:
    """Answers what is asked of a picture."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._limits = places.limits
        self._most = places.limits.max_memory + 4 * places.limits.max_bytes + _BESIDE
        self._attributes = AttributeReader(places.genres_dir)
        self._backbones: OrderedDict[str, Backbone] = OrderedDict()
        allow_memory(self._most)

    def look(self, asked: Asked) -> Answer:
        """The answer to a question; raises what reading pictures raises."""
        each: dict[str, Callable[[Asked], Answer]] = {
            "embed": self._embed,
            "embed_undescribed": self._embed_undescribed,
            "read_attributes": self._read_attributes,
            "pixels": self._pixels,
            "feature_map": self._feature_map,
            "canvas": self._canvas,
            "version": self._version,
        }
        return each[asked.work](asked)

    def _embed(self, asked: Asked) -> Answer:
        backbone = self._backbone(asked)
        return _seen(embed_image(asked.data, backbone, self._attributes, self._limits))

    def _embed_undescribed(self, asked: Asked) -> Answer:
        return _seen(embed_undescribed(asked.data, self._backbone(asked), self._limits))

    def _read_attributes(self, asked: Asked) -> Answer:
        embedding = np.frombuffer(asked.embedding, np.float32)
        found = read_attributes(
            asked.data, embedding, self._backbone(asked), self._attributes, self._limits
        )
        return frame({"attributes": asdict(found)})

    def _pixels(self, asked: Asked) -> Answer:
        found = decode(asked.data, limits=self._limits, size=_size(asked)).pixels
        return frame({"size": found.size}, second=found.tobytes())

    def _feature_map(self, asked: Asked) -> Answer:
        found, features = feature_map(asked.data, self._backbone(asked), self._limits, _size(asked))
        if features is None:
            return frame({"size": found.size}, second=found.tobytes())
        return frame({"size": found.size, "shape": features.shape}, _raw(features), found.tobytes())

    def _canvas(self, asked: Asked) -> Answer:
        # Imported where it is needed: most processes never are asked for it.
        from models.captions.render import Canvas

        Canvas(asked.data, self._limits).check()
        return frame({})

    def _version(self, _: Asked) -> Answer:
        reader = self._attributes
        return frame({"version": reader.version, "finds_faces": reader.finds_faces})

    def _backbone(self, asked: Asked) -> Backbone:
        name = asked.backbone or ""
        if name not in self._backbones:
            allow_memory(None)
            self._backbones[name] = load_backbone(self._places.backbones_dir, name)
            allow_memory(self._most)
            if len(self._backbones) > _BACKBONES:
                self._backbones.popitem(last=False)
        self._backbones.move_to_end(name)
        return self._backbones[name]


def serve(questions: BinaryIO, answers: BinaryIO, make: Callable[[Places], Look]) -> None:
    """Answer until nothing more is asked."""
    first = _read(questions)
    if first is None:
        return
    look = make(Places.from_json(first[0]))
    while (found := _read(questions)) is not None:
        said, data, embedding = found
        answers.writelines(_answer(look, Asked(**said, data=data, embedding=embedding)))
        answers.flush()


def _answer(look: Look, asked: Asked) -> Answer:
    try:
        return look(asked)
    except ImageRefused as refusal:
        return frame({"refused": refusal.reason, "sentence": str(refusal)})
    except MemoryError:
        return frame({"refused": ImageUnread().reason, "sentence": ""})
    except BackboneUnusable as error:
        return frame({"fault": "backbone", "sentence": str(error)})
    except Exception as error:  # noqa: BLE001 - a fault of ours is told, and ends nothing
        traceback.print_exc()
        return frame({"fault": "other", "sentence": f"{type(error).__name__}: {error}"[:300]})


def _seen(found: UndescribedImage) -> Answer:
    attributes = asdict(found.attributes) if isinstance(found, EmbeddedImage) else None
    said: dict[str, Any] = {
        "image": asdict(found.image),
        "phash": found.phash,
        "blank": found.blank,
        "attributes": attributes,
    }
    return frame(said, _raw(found.embedding))


def _raw(numbers: NDArray[np.float32]) -> bytes:
    return np.ascontiguousarray(numbers, np.float32).tobytes()


def _size(asked: Asked) -> int:
    if asked.size is None:
        raise ValueError("no size was asked for")
    return asked.size


def _read(questions: BinaryIO) -> tuple[dict[str, Any], bytes, bytes] | None:
    head = questions.read(HEADER.size)
    if len(head) < HEADER.size:
        return None
    words, first, second = (questions.read(length) for length in HEADER.unpack(head))
    said: dict[str, Any] = json.loads(words)
    return said, first, second


def main(make: Callable[[Places], Look] = lambda places: PictureReader(places).look) -> int:
    """Answer with what is made until the process that started this closes the pipe."""
    questions, answers = questions_and_answers()
    end_first()
    serve(questions, answers, lambda places: ended_after(_LONGEST, make(places)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
