"""Commands as people type them, in the test's own process."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import main
from bot.cli.console import err, out


@dataclass(frozen=True)
class Answer:
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What was printed as JSON."""
        assert self.out, self.err
        return json.loads(self.out)

    @property
    def sentence(self) -> str:
        """The one sentence that a command failed with."""
        assert self.status == 1, self.err
        assert "Traceback" not in self.err
        (sentence,) = self.err.splitlines()
        assert sentence.endswith("."), sentence
        return sentence


Peoria = Callable[..., Answer]


@pytest.fixture
def peoria(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Peoria:
    """Runs a command on the test's data folder, after its first start."""
    monkeypatch.setenv("PEORIA_DATA_DIR", str(data_dir))
    # Not by COLUMNS: where the suite runs in several processes, it is read before a test begins.
    for console in (out, err):
        monkeypatch.setattr(console, "_width", 200)

    def run(*arguments: object) -> Answer:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["main.py", *map(str, arguments)])
            capsys.readouterr()
            try:
                main.main()
                status: Any = 0
            except SystemExit as end:
                status = end.code
        written = capsys.readouterr()
        return Answer(status or 0, written.out, written.err)

    return run
