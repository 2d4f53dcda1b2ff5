"""main.py backbone, finetune and read-text: what they say, without training anything."""

from typing import Any

import pytest

from bot.training.switch_backbone import BackboneSwitch, Switched
from tests.bot.cli.conftest import Peoria


def test_the_backbone_that_serves_is_named(peoria: Peoria) -> None:
    data = peoria("backbone", "show", "--json").data
    assert set(data) == {"name", "input_size", "fingerprint"}
    assert peoria("backbone", "show").out == (
        f"{data['name']}, {data['input_size']} px, fingerprint {data['fingerprint']}\n"
    )


@pytest.mark.parametrize("skipped", [0, 1234])
def test_a_switch_says_what_serves_and_what_was_skipped(
    peoria: Peoria, monkeypatch: pytest.MonkeyPatch, skipped: int
) -> None:
    async def switch_to(
        self: BackboneSwitch, source: str, progress: Any, *, only_if_better: bool
    ) -> Switched:
        assert not only_if_better
        progress("embedding", 1, None)
        assert source == "imagenet"
        return Switched("v2", 10, skipped, "It does as well.")

    monkeypatch.setattr(BackboneSwitch, "switch_to", switch_to)
    answer = peoria("backbone", "use", "imagenet")
    first, *rest = answer.out.splitlines()
    assert first == "v2 serves now. It does as well."
    assert rest == ["1,234 images have no file any more and were skipped."] * (skipped > 0)


def test_fine_tuning_is_off_by_default(peoria: Peoria) -> None:
    answer = peoria("finetune")
    assert answer.status == 1
    assert "PEORIA_FINETUNE" in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("shards", ["0", "4-2/8", "0-8/8", "a-b/c"])
def test_shards_that_make_no_sense_are_refused(peoria: Peoria, shards: str) -> None:
    answer = peoria("run", "--shards", shards)
    assert answer.status == 2
    assert "--shards" in answer.err
