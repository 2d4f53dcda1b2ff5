"""One command from prepared captions to a network, in the minutes that are given."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from models.captions.tokenizer import ANY_EXPRESSION

pytest.importorskip("tensorflow")
import tensorflow as tf

from trainer.captions import train
from trainer.captions.choose_network import load_network
from trainer.captions.fit_network import LENGTHS, Recipe
from trainer.captions.network import PREFIX, Shape
from trainer.captions.train import epochs_for, main

CAPTIONS, VOCABULARY = 24, 60


@pytest.fixture
def step_by_step() -> Iterator[None]:
    """A handful of steps is over sooner than they would be made ready to be quick."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def test_a_slow_machine_takes_fewer_epochs_and_a_quick_one_no_more() -> None:
    assert epochs_for(10.0, 24, 55.0) == 24
    assert epochs_for(300.0, 24, 55.0) == 10
    assert epochs_for(9000.0, 24, 55.0) == epochs_for(10.0, 24, 1.0) == 1


def prepared(path: Path) -> None:
    """Captions of any length, as `trainer.captions.prepare` writes them."""
    random = np.random.default_rng(5)
    lengths = np.resize([PREFIX + 2, *LENGTHS], CAPTIONS)
    tokens = random.integers(30, VOCABULARY, (CAPTIONS, LENGTHS[-1]))
    tokens[np.arange(LENGTHS[-1]) >= lengths[:, None]] = 0
    rows = np.arange(CAPTIONS)
    parts = {"learn": rows[:14], "choose": rows[14:19], "judge": rows[19:]}
    np.savez(
        path, tokens=tokens, lengths=lengths, templates=rows % 3, merit=random.random(CAPTIONS),
        views=random.normal(size=(3, 2, 1280)).astype(np.float16), vocabulary=VOCABULARY,
        anything=np.arange(ANY_EXPRESSION, ANY_EXPRESSION + 3),
        **{f"split_{split}_{name}": part for split in ("all", "late", "template")
           for name, part in parts.items() if (split, name) != ("all", "judge")},
    )  # fmt: skip


@pytest.mark.usefixtures("step_by_step")
def test_the_command_writes_a_network_and_how_it_was_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    prepared(tmp_path / "arrays.npz")
    small = Shape(VOCABULARY, width=16, depth=1), Recipe(epochs=3, batch=8)
    monkeypatch.setattr(train, "for_two_cores", lambda _: small)
    out = tmp_path / "network"
    asked = ["--arrays", str(tmp_path / "arrays.npz"), "--out", str(out), "--judge"]

    # No minute is left beside loading: one epoch, and not the three of the recipe.
    with caplog.at_level("INFO"):
        main([*asked, "--minutes", "5"])

    assert "epochs: 1, of about" in caplog.text
    assert "the recipe has 3" in caplog.text
    network = load_network(out / "caption_network.npz")
    assert (network.shape.width, network.shape.depth) == (16, 1)
    tables = json.loads((out / "tables.json").read_text("utf-8"))
    assert set(tables) == {"all|shipped", "late|shipped", "template|shipped"}
    for split in ("late", "template"):
        fitted = tables[f"{split}|shipped"]
        assert len(fitted["epochs"]) == 1
        assert 0 < fitted["judge_any"]["nats_per_token"] < 2 * np.log(VOCABULARY)
    with np.load(out / "judged.npz") as judged:
        assert judged["late|shipped|judge|any|nats"].shape == (5,)
