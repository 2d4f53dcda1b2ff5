import io
import sys
from pathlib import Path

import pytest

from tests.bot.cli.conftest import Peoria
from tests.fixtures import images


@pytest.fixture
def folder() -> Path:
    """Three pictures, one of which cannot be used."""
    folder = Path("pictures")
    folder.mkdir()
    (folder / "[b]one.png").write_bytes(images.encode(images.photo(), "PNG"))
    (folder / "two.png").write_bytes(images.encode(images.photo(200, 60), "PNG"))
    (folder / "zero.png").write_bytes(b"no picture")
    return folder


def test_pictures_are_ranked_in_words(peoria: Peoria, folder: Path) -> None:
    answer = peoria("advise", folder, "--hour")
    assert answer.status == 1, "one was refused"
    assert "pictures/[b]one.png" in answer.out
    for words in ("Low / medium / high", "How often such advice is right is not known",
                  "Best hour of the next day", "pictures/zero.png: "):  # fmt: skip
        assert words in answer.out


def test_titles_are_tried_with_each_picture(peoria: Peoria, folder: Path) -> None:
    answer = peoria(
        "advise", folder / "two.png", "--title", "One", "--title", "WHY?!", "--hour", "--json"
    )
    assert answer.status == 0
    found = answer.data
    assert {each["title"] for each in found["ranked"]} == {"One", "WHY?!"}
    beats = [each["beats"] for each in found["ranked"]]
    assert beats == sorted(beats, reverse=True)
    assert len(found["hours"]) == 24
    assert found["ranking"] == {"posts": 0, "pairs": 0, "right": None, "interval": None}
    assert found["communities"] == []


def test_too_many_are_refused_before_any_is_read(peoria: Peoria, folder: Path) -> None:
    titles = [word for number in range(4) for word in ("--title", str(number))]
    assert "3 pictures with 4 titles" in peoria("advise", folder, *titles).sentence
    assert peoria("advise", "nowhere.png").sentence.startswith("nowhere.png: The file cannot")


def test_a_picture_comes_from_standard_input(
    peoria: Peoria, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = images.encode(images.photo(), "PNG")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    (found,) = peoria("predict", "-", "--json").data
    assert found["file"] == "-"
    assert found["probabilities"]
