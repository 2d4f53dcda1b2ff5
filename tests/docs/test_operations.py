"""The files that docs/operations.md shows for services are whole."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import ENV_PREFIX, Settings
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")


def block(language: str) -> str:
    """The one block of a language on the page."""
    (text,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(text)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="There is no systemd.")
def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    unit = block("ini").replace("/opt/peoria/.venv/bin/python", sys.executable)
    unit = unit.replace("/opt/peoria", str(ROOT)).replace("User=peoria", "User=root")
    path = tmp_path / "peoria.service"
    path.write_text(unit)
    done = subprocess.run(  # noqa: S603
        ["systemd-analyze", "verify", str(path)],  # noqa: S607
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_the_compose_file_runs_the_image_as_it_is_meant() -> None:
    lines = [line.strip() for line in block("yaml").splitlines()]
    assert "VOLUME /data" in (ROOT / "Dockerfile").read_text("utf-8")
    assert "- peoria:/data" in lines
    # The board is on this machine only, until something with TLS stands before it.
    (port,) = (line for line in lines if line.endswith(':8080"'))
    assert port == '- "127.0.0.1:8080:8080"'
    (extras,) = (line.removeprefix("EXTRAS: ") for line in lines if line.startswith("EXTRAS"))
    assert set(extras.split()) <= {"train", "ocr", "postgres"}
    assert not [line for line in lines if "\t" in line]


def test_variables_of_services_are_settings() -> None:
    named = set(re.findall(rf"\b{ENV_PREFIX}([A-Z_]+[A-Z])\b", PAGE))
    assert named
    assert {name.lower() for name in named} <= Settings.model_fields.keys()
