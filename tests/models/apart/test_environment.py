"""What a process is told that works on files from anywhere."""

import subprocess
import sys
from pathlib import Path

import pytest

from models.apart.environment import untold


def test_it_is_told_no_secret_whatever_that_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {"PEORIAN": "a word", "OMP_NUM_THREADS": "1", "LINK": "https://peoria.example/@name"}
    secret = {
        "PEORIA_WEB_PORT": "1", "peoria_discord_token": "s", "AWS_PROFILE": "s", "PGPASSWORD": "s",
        "HF_TOKEN": "s", "WANDB_API_KEY": "s", "MLFLOW_TRACKING_PASSWORD": "s", "sentry_dsn": "s",
        "DATABASE_URL": "postgresql://peoria:s@host/peoria", "https_proxy": "http://me:s@proxy:1",
    }  # fmt: skip
    for name, value in (kept | secret).items():
        monkeypatch.setenv(name, value)
    told = untold()
    assert kept.items() <= told.items()
    assert not {*secret} & {*told}


def test_what_lies_in_the_folder_of_the_start_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models.py").write_text("raise SystemExit('of somebody else')")
    (tmp_path / "json.py").write_text("raise SystemExit('of somebody else')")
    script = "import json, models.apart.child"
    for command in (["-m", "models.apart.child"], ["-c", script]):
        subprocess.run(  # noqa: S603 - this Python and a module of ours
            [sys.executable, *command], env=untold(), cwd=tmp_path, check=True
        )
    # Here it is where our modules are.
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    assert untold()["PYTHONPATH"].startswith(str(Path.cwd()))
