"""A picture that ends the process which looks at it costs itself, and nothing else."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.fakes import poisoned_look
from trainer.backbone.distill_images import read_rgb
from trainer.backbone.distill_left_out import LeftOut
from trainer.backbone.finetune_canvas import canvas
from trainer.backbone.look_process import HEADER
from trainer.backbone.looking import COMMAND, CannotLook, Looker

ROOT = Path(__file__).parents[3]


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


def test_ctrl_c_in_a_terminal_is_no_fault_of_the_picture(picture: Path) -> None:
    with subprocess.Popen(  # noqa: S603
        COMMAND, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        # It says first that it can look at a picture of two by two pixels.
        ready = HEADER.size + 2 * 2 * 3
        assert len(process.stdout.read(ready)) == ready
        process.send_signal(signal.SIGINT)
        found, _ = process.communicate(
            json.dumps({"path": str(picture), "side": None}).encode() + b"\n"
        )
    assert found[HEADER.size :] == read_rgb(picture).tobytes()
    assert process.returncode == 0


def test_an_image_is_noted_once_however_many_nodes_it_was_met_on(tmp_path: Path) -> None:
    notes: list[str] = []
    left_out = LeftOut(tmp_path, notes.append)
    for _ in range(2):
        left_out.add(tmp_path / "poison")
    assert left_out.words().startswith(" 1 image was left out")
    assert LeftOut(tmp_path, notes.append).paths == [tmp_path / "poison"]
    assert len(notes) == 1


#: Ends at once, with 7 where it was told no secret.
TOLD_NOTHING = """
import os
raise SystemExit(7 + sum(name.startswith(("PEORIA_", "AWS_")) for name in os.environ))
"""


def test_where_no_process_can_look_nothing_is_left_out(
    picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEORIA_DISCORD_TOKEN", "a secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    told: list[Path] = []
    with (
        Looker(told.append, command=(sys.executable, "-c", TOLD_NOTHING)) as looker,
        pytest.raises(CannotLook, match="ended before it had seen one \\(status 7\\)"),
    ):
        looker.canvas(picture, 32)
    assert told == []
