"""The caption model that ships."""

from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from models.captions.emotions import EmotionClassifier
from models.captions.language_model import (
    MODEL,
    SHIPPED,
    WORDS,
    CaptionModel,
    CaptionModelUnusable,
)
from models.captions.tokenizer import EXPRESSIONS


@pytest.fixture(scope="module")
def model() -> CaptionModel:
    return CaptionModel.load()


def test_it_writes_captions(model: CaptionModel) -> None:
    written = model.write(None, seed=1)
    assert len({each.boxes for each in written}) >= 8
    assert all(any(each.boxes) for each in written)
    assert all("\u2581" not in "".join(each.boxes) for each in written)


def test_what_people_write_is_likelier_than_the_same_letters_in_disorder(
    model: CaptionModel,
) -> None:
    people, disorder = model.judge(
        [["when you see it", "you cannot unsee it"], ["nees uoy ehwn ti", "ti esnnu tonnac uoy"]],
        np.ones(1280, np.float32),
    )
    assert people.likelihood > disorder.likelihood + 1


def test_judging_many_is_judging_each(model: CaptionModel) -> None:
    captions = [[f"number {n}", "the end"] for n in range(18)]
    together = model.judge(captions, None)
    (last,) = model.judge(captions[17:], None)
    assert together[17].likelihood == pytest.approx(last.likelihood, abs=1e-3)
    assert together[17].merit == pytest.approx(last.merit, abs=1e-3)


def test_a_damaged_model_is_not_used(tmp_path: Path) -> None:
    folder = copytree(SHIPPED, tmp_path / "copy")
    data = bytearray((folder / MODEL).read_bytes())
    data[1000] ^= 1
    (folder / MODEL).write_bytes(data)
    with pytest.raises(CaptionModelUnusable, match="damaged"):
        CaptionModel.load(folder)
    with pytest.raises(CaptionModelUnusable, match="no usable caption model"):
        CaptionModel.load(tmp_path)
    (folder / WORDS).write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(CaptionModelUnusable, match="no usable caption model"):
        CaptionModel.load(folder)


def test_emotions_of_plain_texts() -> None:
    emotions = EmotionClassifier.load(SHIPPED / "emotions.npz")
    assert emotions.most_probable("I am so happy, this is great, thank you!") == "happy"
    assert emotions.most_probable("I am scared, this is terrifying") == "fear"
    assert emotions.probabilities("anything").sum() == pytest.approx(1, abs=1e-5)
    assert len(emotions.probabilities("")) == len(EXPRESSIONS)
