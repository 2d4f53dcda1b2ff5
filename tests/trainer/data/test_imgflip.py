"""Captions in the order they were made, as labelled posts."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.backbone import Backbone
from models.backbone_files import STARTER
from models.features import Features
from trainer.data.imgflip import KNOWN_AFTER, NotImgflip, labelled, read_captions, render


def folder_of(tmp_path: Path, rows: list[Any]) -> Path:
    (tmp_path / "templates").mkdir()
    Image.new("RGB", (120, 90), "teal").save(tmp_path / "templates" / "Teal.jpg")
    with gzip.open(tmp_path / "posts.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return tmp_path


def row(number: int, template: str = "Teal") -> dict[str, Any]:
    return {
        "id": str(number), "template": template, "boxes": ["above", "below"], "title": None,
        "author": "ann", "votes": number % 7,
    }  # fmt: skip


def test_only_as_many_as_asked_are_read(tmp_path: Path) -> None:
    captions = read_captions(folder_of(tmp_path, [row(k) for k in range(5)]), 3)
    assert [caption.votes for caption in captions] == [0, 1, 2]
    assert captions[0].boxes == ("above", "below")
    assert captions[0].title == ""


@pytest.mark.parametrize("broken", [{"votes": 1}, [], {**row(1), "votes": "many"}])
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, broken: Any) -> None:
    with pytest.raises(NotImgflip, match="at line 2"):
        read_captions(folder_of(tmp_path, [row(0), broken]), 10)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotImgflip, match=r"posts\.jsonl\.gz"):
        read_captions(tmp_path, 10)


def test_a_caption_is_seen_on_its_template() -> None:
    template = Image.new("RGB", (120, 90), "teal")
    drawn = render(template, ["above", "", "below"])
    assert drawn.size == template.size
    assert drawn.tobytes() != template.tobytes()
    assert render(template, [""]).tobytes() == template.tobytes()


def test_records_hold_only_labels_that_were_known(tmp_path: Path) -> None:
    n = KNOWN_AFTER + 3
    folder = folder_of(tmp_path, [row(k) for k in range(n)])
    captions = read_captions(folder, n)
    seen: list[tuple[int, int]] = []
    posts = labelled(
        captions, folder, Backbone.load(STARTER), lambda done, total: seen.append((done, total))
    )
    assert len(posts) == n
    assert seen[-1] == (n, n)
    assert list(posts.score[:8]) == [0, 1, 2, 3, 4, 5, 6, 0]
    known = Features().metadata_names.index("author_n")
    counts = np.expm1(posts.groups["metadata"][:, known]).round()
    assert list(counts[-4:]) == [0, 1, 2, 3]
    assert posts.matured_at[0] <= posts.posted_at[KNOWN_AFTER]
    assert posts.matured_at[1] > posts.posted_at[KNOWN_AFTER]


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [row(0, template="Gone")])
    with pytest.raises(NotImgflip, match="no template Gone"):
        labelled(read_captions(folder, 1), folder, Backbone.load(STARTER), lambda done, total: None)
