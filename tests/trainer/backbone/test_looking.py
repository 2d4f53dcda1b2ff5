"""A picture that ends the process which looks at it costs itself, and nothing else."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.fakes import poisoned_look
from trainer.backbone.distill_images import read_rgb
from trainer.backbone.finetune_canvas import canvas
from trainer.backbone.looking import CannotLook, Looker


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.effect_noise((60, 40), 90).convert("RGB").save(path)
    return path


def test_poison_is_left_out_after_two_processes(tmp_path: Path, picture: Path) -> None:
    poison, known, damaged = (tmp_path / name for name in ("poison", "known", "damaged"))
    for path in (poison, known):
        path.write_bytes(b"poison")
    damaged.write_bytes(b"no image")
    told: list[Path] = []
    command = poisoned_look.COMMAND
    with Looker(told.append, without=[known], command=command) as looker:
        assert looker.canvas(poison, 32) is None
        assert told == [poison]
        found, whole = looker.canvas(picture, 32), looker.rgb(picture)
        assert found is not None
        assert whole is not None
        assert np.array_equal(found, canvas(picture, 32))  # type: ignore[arg-type]
        assert whole.tobytes() == read_rgb(picture).tobytes()
        # Nobody looks again.
        assert (looker.rgb(poison), looker.canvas(known, 32)) == (None, None)
        assert looker.canvas(damaged, 32) is None
        with pytest.raises(OSError, match=r"cannot identify image file .*damaged"):
            looker.rgb(damaged)
    assert told == [poison]


def test_where_no_process_can_look_nothing_is_left_out(picture: Path) -> None:
    told: list[Path] = []
    with (
        Looker(told.append, command=(sys.executable, "-c", "raise SystemExit(7)")) as looker,
        pytest.raises(CannotLook, match="ended before it had seen one \\(status 7\\)"),
    ):
        looker.canvas(picture, 32)
    assert told == []
