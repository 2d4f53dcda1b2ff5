"""Photos with a face pasted in: no photo and no person is in both parts."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from trainer.attributes.pasted_faces import Part, is_part, paste_faces


def _folders(root: Path) -> tuple[Path, Path]:
    """Faces of twelve people and twelve photos, each of one colour of its own."""
    rows: dict[str, list[list[str]]] = {"faces": [], "corpus": []}
    for number in range(12):
        for name, path in (("faces", f"lab/{number}.png"), ("corpus", f"food/{number}.png")):
            (root / name / path).parent.mkdir(parents=True, exist_ok=True)
            colour = (200 + number, 0, 0) if name == "faces" else (0, 200 + number, 0)
            Image.new("RGB", (60, 60), colour).save(root / name / path)
            rows[name].append([path, f"person {number}"])
    for name, lines in rows.items():
        with (root / name / "index.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["path", "group"], *lines])
    return root / "faces", root / "corpus"


def _seen(root: Path, part: Part) -> tuple[set[int], set[int]]:
    faces, corpus = _folders(root)
    people, photos = set(), set()
    for each in paste_faces(faces, corpus, count=60, seed=1, part=part):
        left, top, right, bottom = each.box
        inside = each.picture.getpixel(((left + right) // 2, (top + bottom) // 2))
        outside = each.photo.getpixel((0, 0))
        assert isinstance(inside, tuple)
        assert isinstance(outside, tuple)
        people.add(int(inside[0]))
        photos.add(int(outside[1]))
    return people, photos


def test_what_is_judged_on_was_not_learned_from(tmp_path: Path) -> None:
    learned, judged = _seen(tmp_path, "learn"), _seen(tmp_path, "judge")
    for both in zip(learned, judged, strict=True):
        assert all(both)
        assert not set.intersection(*both)


def test_every_name_is_in_one_part_and_in_all() -> None:
    names = [f"name {number}" for number in range(300)]
    learn = np.array([is_part(name, "learn") for name in names])
    judge = np.array([is_part(name, "judge") for name in names])
    assert (learn ^ judge).all()
    assert 60 < judge.sum() < 140
    assert all(is_part(name, "all") for name in names)
