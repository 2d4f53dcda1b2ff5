import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.backbone import EMBEDDING_SIZE
from models.features import Features
from models.head import Head
from models.percentiles import BucketRule
from trainer.data.file_posts import read_file_posts
from trainer.data.reference import Reference
from trainer.studies.evaluate_file import NothingToEvaluate, evaluate_file

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = 86_400


class FakeBackbone:
    """Embeds an image as its mean shade."""

    input_size = 224

    def embed(self, batch: np.ndarray) -> np.ndarray:
        shade = batch.mean(axis=(1, 2, 3))
        return np.repeat(shade[:, None], EMBEDDING_SIZE, axis=1).astype(np.float32)


def row(number: int, **changes: object) -> dict[str, object]:
    return {
        "id": f"p{number}", "title": f"post {number}", "author": "anna" if number % 2 else "ben",
        "created_utc": 1_700_000_000 + number * DAY, "ups": number * 10,
        "media": f"https://i.redd.it/p{number}.jpg",
    } | changes  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [row(number) for number in range(12)]
    rows += [row(20, ups=float("nan")), row(21, created_utc=None), row(22, created_utc=9e9)]
    rows += [row(23), row(24, title=None)]
    (tmp_path / "posts.json").write_text(json.dumps({"_default": dict(enumerate(rows))}), "utf-8")
    images = tmp_path / "images"
    images.mkdir()
    for number in [*range(12), 24]:
        Image.new("RGB", (60, 40), (number * 10,) * 3).save(images / f"p{number}.jpg")
    (images / "p23.jpg").write_bytes(b"not an image")
    return tmp_path


def test_text_is_read_from_pixels_that_still_have_letters(folder: Path) -> None:
    Image.new("RGB", (1600, 1200)).save(folder / "images" / "p3.jpg")
    seen: list[tuple[int, int]] = []

    def read_text(picture: Image.Image) -> str:
        seen.append(picture.size)
        return "words"

    read_file_posts(
        folder / "posts.json", folder / "images", FakeBackbone(), now=NOW, read_text=read_text
    )
    assert (1600, 1200) in seen


def test_rows_are_read_or_dropped_with_a_reason(folder: Path) -> None:
    found = read_file_posts(folder / "posts.json", folder / "images", FakeBackbone(), now=NOW)
    posts = found.labelled()
    assert len(posts) == 13
    assert found.ids == [f"p{number}" for number in [*range(12), 24]]
    assert posts.dropped["no score"] == 1
    assert posts.dropped["no date"] == 1
    assert sum(posts.dropped.values()) == 4
    assert posts.groups["embedding"].shape == (13, EMBEDDING_SIZE)


def test_records_count_earlier_posts_of_the_author_that_may_count(folder: Path) -> None:
    found = read_file_posts(folder / "posts.json", folder / "images", FakeBackbone(), now=NOW)
    column = Features().metadata_names.index("author_n")

    def records(counted: set[str] | None) -> list[int]:
        values = found.labelled(counted=counted).groups["metadata"][:, column]
        return np.expm1(values).round().astype(int).tolist()

    # One post a day: the record of post n counts every second post before it.
    assert records(None)[:6] == [0, 0, 1, 1, 2, 2]
    assert records({"p0"})[:6] == [0, 0, 1, 0, 1, 0]
    assert records(set())[:6] == [0] * 6


def test_a_version_is_evaluated_and_reported(folder: Path) -> None:
    version = folder / "version"
    version.mkdir()
    Head.uniform().save(version)
    Reference(np.arange(0.0, 120.0, 10)).save(version)
    found, dropped = evaluate_file(
        folder / "posts.json", folder / "images",
        version=version, backbone=FakeBackbone(), rule=BucketRule(40, 80), now=NOW,
        report_to=folder / "report",
    )  # fmt: skip
    assert found.to_json()["n"] == 13
    assert found.figures["rps_skill"] == pytest.approx(0, abs=1e-9)
    assert sum(dropped.values()) == 4
    assert "95% interval" in (folder / "report" / "report.md").read_text("utf-8")
    assert (folder / "report" / "calibration.png").stat().st_size > 1000


def test_nothing_to_evaluate_is_a_sentence(folder: Path) -> None:
    version = folder / "version"
    version.mkdir()
    Head.uniform().save(version)
    with pytest.raises(NothingToEvaluate, match="no image"):
        evaluate_file(
            folder / "posts.json", version, version=version, backbone=FakeBackbone(),
            rule=BucketRule(), now=NOW,
        )  # fmt: skip
