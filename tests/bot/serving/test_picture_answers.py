"""Nothing that a process which reads pictures answers is believed."""

import io
import json
from typing import Any

import numpy as np
import pytest

from bot.serving.picture_answers import (
    Answer,
    PictureFault,
    Untrue,
    read_answer,
)
from bot.serving.picture_frames import HEADER, Asked, frame
from models.backbone import BackboneUnusable
from models.decoding import ImageFile, ImageRefused, ImageUnread

ASKED = Asked("embed", b"four")
FILE = {
    "width": 3, "height": 2, "format": "PNG", "bytes": 9, "animated": False, "frame": 0,
    "frames": 1,
}  # fmt: skip
LOOK = {
    "colourfulness": 1.0, "sharpness": 1.0, "brightness": 1.0, "text_share": None, "faces": 0,
    "text_top": None, "text_bottom": None, "text_lines": None,
}  # fmt: skip
ATTRIBUTES: dict[str, Any] = {
    "genre": None, "faces": [], "look": LOOK, "tags": None, "title_agreement": None, "read_by": "",
}  # fmt: skip
SEEN = {"image": FILE, "phash": "0" * 16, "blank": False, "attributes": ATTRIBUTES}
NUMBERS = np.ones(4, np.float32).tobytes()
FACE = {"box": [0, 0, 1, 1], "sure": 1.0, "expressions": {"smug": 1.0}}


def answer(said: dict[str, Any], numbers: bytes = b"", pixels: bytes = b"") -> Answer:
    return read(b"".join(frame(said, numbers, pixels)))


def read(sent: bytes) -> Answer:
    return read_answer(ASKED, io.BytesIO(sent).read, most_pixels=100)


def test_what_may_be_true_is_taken_up() -> None:
    seen = answer(SEEN, NUMBERS).embedded(4)
    # How large the file is we know ourselves.
    assert seen.image == ImageFile(3, 2, "PNG", 4, animated=False)
    assert seen.embedding.tolist() == [1, 1, 1, 1]
    assert seen.attributes.faces == ()
    assert answer({"size": [2, 1]}, pixels=b"abcdef").pixels().tobytes() == b"abcdef"
    assert answer({"shape": [1, 2, 2]}, NUMBERS).features() is not None


@pytest.mark.parametrize(
    "change",
    [
        {"phash": "../../../../etc"}, {"phash": None}, {"blank": "no"}, {"attributes": None},
        {"__reduce__": "os.system"},
        {"image": FILE | {"width": 0}}, {"image": FILE | {"format": "EXE"}}, {"image": None},
        {"image": FILE | {"path": "/etc"}}, {"image": FILE | {"height": 10**30}},
        {"attributes": ATTRIBUTES | {"look": LOOK | {"faces": -1}}},
        {"attributes": ATTRIBUTES | {"look": LOOK | {"text_lines": 10**30}}},
        {"attributes": ATTRIBUTES | {"tags": {"a\x00b": 1.0}}},
        {"attributes": ATTRIBUTES | {"read_by": "\x00"}},
        {"attributes": ATTRIBUTES | {"genre": {"name": "<b>", "probabilities": {}}}},
        {"attributes": ATTRIBUTES | {"faces": [FACE]}},
        {"attributes": ATTRIBUTES | {"read_by": "x" * 100_000}},
        {"attributes": ATTRIBUTES | {"look": LOOK | {"brightness": "1e400"}}},
    ],
)  # fmt: skip
def test_what_is_of_another_kind_is_no_answer(change: dict[str, Any]) -> None:
    with pytest.raises(Untrue):
        answer(SEEN | change, NUMBERS).embedded(4)


@pytest.mark.parametrize(
    "numbers",
    [b"", NUMBERS[:-1], NUMBERS * 2, np.array([1, 1, 1, np.nan], np.float32).tobytes()],
)
def test_numbers_of_another_length_or_none_at_all_are_no_answer(numbers: bytes) -> None:
    with pytest.raises(Untrue):
        answer(SEEN, numbers).undescribed(4)
    with pytest.raises(Untrue):
        answer({"shape": [1, 2, 2]}, numbers).features()


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff" * 64,
        # More than there may be: not even waited for.
        HEADER.pack(2, 0, 301) + b"{}", HEADER.pack(2, 2**27, 0) + b"{}",
        HEADER.pack(2**21, 0, 0),
        HEADER.pack(2, 0, 0) + b"{]",
        HEADER.pack(5, 0, 0) + json.dumps(None).encode() + b" ",
        *(b"".join(frame({"size": size}, second=b"abcdef")) for size in ([2, 2], [0, 0], [-1, 2])),
    ],
)  # fmt: skip
def test_frames_that_cannot_be_are_no_answers(sent: bytes) -> None:
    with pytest.raises(Untrue):
        read(sent).pixels()


def test_refusals_and_faults_are_raised_with_sentences_that_can_be_shown() -> None:
    with pytest.raises(ImageRefused, match=r"^It is damaged\.$") as refused:
        answer({"refused": "corrupt", "sentence": "It is \x1bdamaged.\n\u202e"})
    assert refused.value.reason == "corrupt"
    with pytest.raises(ImageUnread, match="could not be read just now"):
        answer({"refused": "busy", "sentence": "Click here"})
    with pytest.raises(BackboneUnusable, match="It is gone"):
        answer({"fault": "backbone", "sentence": "It is gone."})
    with pytest.raises(PictureFault, match="ValueError"):
        answer({"fault": "other", "sentence": "ValueError: three"})
    for said in ({"refused": "because"}, {"refused": "corrupt", "sentence": "x" * 10_000}):
        with pytest.raises(Untrue):
            answer(said)
