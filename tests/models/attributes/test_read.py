"""All attributes of a picture: with no face, with many, of a drawing, and of odd sizes."""

import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from models.attributes import files
from models.attributes.expressions import EXPRESSIONS, standardise
from models.attributes.face_finder import cut_out
from models.attributes.genre import GENRES
from models.attributes.read import AttributeReader, Attributes
from models.backbone import read_info
from models.backbone_files import STARTER

FINGERPRINT = read_info(STARTER).fingerprint
EMBEDDING = np.abs(np.random.default_rng(0).normal(size=1280)).astype(np.float32)


@pytest.fixture(scope="module")
def reader() -> AttributeReader:
    return AttributeReader()


def drawn_face(side: int) -> Image.Image:
    """A laughing face, shaded as by a lamp: the detector takes it for one."""
    image = Image.new("RGB", (side, side), (120, 140, 160))
    draw = ImageDraw.Draw(image)

    def oval(x: float, y: float, w: float, h: float, colour: tuple[int, int, int]) -> None:
        draw.ellipse([(x - w) * side, (y - h) * side, (x + w) * side, (y + h) * side], fill=colour)

    oval(0.5, 0.5, 0.3, 0.4, (224, 180, 150))
    oval(0.5, 0.2, 0.3, 0.14, (60, 40, 30))
    for x in (0.38, 0.62):
        oval(x, 0.43, 0.07, 0.035, (250, 250, 250))
        oval(x, 0.43, 0.03, 0.03, (40, 30, 20))
        oval(x, 0.36, 0.08, 0.015, (70, 45, 35))
    oval(0.5, 0.55, 0.04, 0.07, (200, 150, 120))
    oval(0.5, 0.72, 0.13, 0.05, (150, 40, 40))
    oval(0.5, 0.71, 0.11, 0.02, (250, 250, 250))
    return image


def read(reader: AttributeReader, image: Image.Image, backbone: str = FINGERPRINT) -> Attributes:
    return reader.read(image, EMBEDDING, backbone=backbone)


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (255, 7), (800, 600)])
def test_a_picture_without_a_face_has_none(reader: AttributeReader, size: tuple[int, int]) -> None:
    found = read(reader, Image.new("RGB", size, (90, 90, 90)))
    assert found.faces == ()
    assert found.look.faces == 0
    assert found.genre is not None
    assert set(found.genre.probabilities) == set(GENRES)


def test_a_face_has_a_box_and_seven_expressions(reader: AttributeReader) -> None:
    picture = Image.new("RGB", (400, 300), (120, 140, 160))
    picture.paste(drawn_face(200), (180, 50))
    (face,) = read(reader, picture).faces or ()
    left, top, right, bottom = face.box
    assert 0.4 < (left + right) / 2 < 0.9
    assert 0.2 < (top + bottom) / 2 < 0.8
    assert face.expressions is not None
    assert set(face.expressions) == set(EXPRESSIONS)
    assert sum(face.expressions.values()) == pytest.approx(1, abs=1e-3)


def test_of_many_faces_the_largest_have_expressions(reader: AttributeReader) -> None:
    picture = Image.new("RGB", (800, 500), (120, 140, 160))
    for number in range(40):
        picture.paste(drawn_face(100), (number % 8 * 100, number // 8 * 100))
    found = read(reader, picture)
    assert found.faces is not None
    assert len(found.faces) > 10
    assert found.look.faces == len(found.faces)
    told = [face.expressions is not None for face in found.faces]
    assert told == sorted(told, reverse=True)
    assert sum(told) < len(told)


def test_without_the_extra_faces_are_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_CARRIER", "a_package_that_nobody_has")
    found = read(AttributeReader(), drawn_face(200))
    assert found.faces is None
    assert found.look.faces is None
    assert found.genre is not None
    assert Attributes.from_json(found.as_json()).faces is None


def test_the_embedding_of_another_backbone_has_no_genre(reader: AttributeReader) -> None:
    assert read(reader, Image.new("RGB", (50, 50)), backbone="0" * 64).genre is None


def test_what_is_stored_reads_back(reader: AttributeReader) -> None:
    picture = Image.new("RGB", (400, 300), (120, 140, 160))
    picture.paste(drawn_face(200), (180, 50))
    stored = json.loads(json.dumps(read(reader, picture).as_json()))
    assert set(stored) == {"genre", "faces", "look"}
    assert Attributes.from_json(stored).as_json() == stored


def test_faces_beyond_the_edge_are_cut_out_all_the_same() -> None:
    boxes = np.array([[-50, -50, 20, 20], [90, 90, 200, 200], [10, 10, 10, 10]], np.float64)
    assert cut_out(Image.new("RGB", (100, 100), "white"), boxes, 48).shape == (3, 48, 48)


def test_exposure_and_contrast_tell_nothing() -> None:
    face = np.random.default_rng(0).integers(80, 120, (1, 48, 48)).astype(np.uint8)
    brighter = (face * 2 - 30).astype(np.uint8)
    np.testing.assert_allclose(standardise(face), standardise(brighter), atol=1e-3)
    assert (standardise(np.full((1, 48, 48), 7, np.uint8)) == 0).all()
