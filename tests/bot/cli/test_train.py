"""From a file of posts to a model version, with the real training process."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.bot.cli.conftest import Peoria

POSTS = 120
#: After whatever a version that ships may have been trained on.
FIRST = time.time() - 400 * 3600


def draw(folder: Path) -> Path:
    """Posts whose score is how red their image is, with a little luck."""
    rng = np.random.default_rng(1)
    rows = []
    for number in range(POSTS):
        red = number * 37 % 100
        pixels = rng.integers(0, 60, (16, 16, 3), np.uint8)
        pixels[:, :, 0] += np.uint8(red * 1.9)
        Image.fromarray(pixels).resize((64, 64)).save(folder / f"p{number}.png")
        rows.append(
            {
                "id": f"p{number}", "created_utc": FIRST + 3600 * number,
                "ups": red * 10 + int(rng.integers(0, 50)), "title": f"Red {red}",
                "author": f"author{number % 7}",
            }
        )  # fmt: skip
    path = folder / "posts.json"
    path.write_text(json.dumps({"_default": dict(enumerate(rows))}))
    return path


@pytest.mark.tensorflow
def test_posts_are_imported_trained_on_and_predicted_by_what_was_learned(
    peoria: Peoria, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    imported = peoria("import", draw(folder), "--images", folder, "--community", "r/red", "--json")
    assert imported.status == 0, imported.err
    assert imported.data == {
        "imported": POSTS, "already_there": 0, "labelled": POSTS, "without_image": {},
        "in_records": 0, "dropped": {}, "left_out": [], "repeated": [], "unknown_genres": {},
    }  # fmt: skip

    trained = peoria("train", "--seed", "3", "--json")
    assert trained.status == 0, trained.err
    assert trained.data["state"] in ("promoted", "kept")
    assert trained.data["labels"] == POSTS
    assert trained.data["reason"]
    name = trained.data["model_version"]
    versions = {each["name"]: each for each in peoria("models", "list", "--json").data}
    assert versions[name]["champion"] == (trained.data["state"] == "promoted")
    shown = peoria("models", "show", name, "--json").data
    assert shown["decision"]["reason"] == trained.data["reason"]

    peoria("models", "promote", name)
    answer = peoria("predict", folder / "p1.png", "--community", "r/red", "--json")
    (found,) = answer.data
    assert found["model_version"] == name
    assert found["quantiles"] == "community"
    assert found["score"]["p10"] <= found["score"]["median"] <= found["score"]["p90"]
    assert len(set(found["probabilities"].values())) > 1, "it learned something"
