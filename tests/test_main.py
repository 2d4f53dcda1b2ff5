"""What `main.py` does with errors, and what all expected errors have in common."""

import ast
import importlib
import os
import sys
from pathlib import Path

import pytest

import main
from storage.errors import ExpectedError

ROOT = Path(__file__).parents[1]

#: Errors that end a command. `main.py` once listed them one by one.
EXPECTED = {
    "BackboneUnusable",
    "BackupRefused",
    "BucketsRefused",
    "ChartFailed",
    "DatabaseTooNew",
    "FinetuneRefused",
    "HeadUnusable",
    "NoChampion",
    "NothingToEvaluate",
    "OcrMissing",
    "PlatformRefused",
    "PostsFileRefused",
    "RunFailed",
    "RunUnderWay",
    "SettingsRefused",
    "SimulationRefused",
    "SomethingLost",
    "SwitchRefused",
    "UnknownCommunity",
    "UnknownSeason",
    "UnknownVersion",
    "VersionUnusable",
}


def declared() -> dict[str, str]:
    """Every class that derives from ExpectedError by name, and its docstring."""
    return {
        node.name: ast.get_docstring(node) or ""
        for package in ("bot", "models", "storage", "trainer")
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base) == "ExpectedError" for base in node.bases)
    }


def test_expected_errors_say_when_they_are_raised() -> None:
    found = declared()
    assert found.keys() >= EXPECTED
    assert [name for name, words in found.items() if not words] == []


def ends_with(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[object, str]:
    """The exit status of main() when a command raises, and what is on standard error."""

    def fail() -> None:
        raise error

    monkeypatch.setattr(main, "app", fail)
    monkeypatch.setattr(sys, "argv", ["main.py"])
    with pytest.raises(SystemExit) as end:
        main.main()
    return end.value.code, capsys.readouterr().err


def test_an_expected_error_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class TapClosed(ExpectedError):
        """Only here."""

    status, words = ends_with(TapClosed("[b] is closed; open it."), monkeypatch, capsys)
    assert (status, words) == (1, "[b] is closed; open it.\n")


def test_an_error_of_the_system_names_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = OSError(28, "No space left on device", "somewhere.db")
    assert ends_with(error, monkeypatch, capsys) == (
        1,
        (
            "The disk is full. The system says: No space left on device: somewhere.db. Make room,"
            " and try again.\n"
        ),
    )


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise KeyError("ours")

    monkeypatch.setattr(main, "app", fail)
    with pytest.raises(KeyError):
        main.main()


def test_the_bot_multiplies_on_one_thread_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = "OPENBLAS_NUM_THREADS"

    def after(command: str) -> str | None:
        monkeypatch.setattr(sys, "argv", ["main.py", command])
        importlib.reload(main)
        return os.environ.get(name)

    monkeypatch.setenv(name, "7")
    assert after("run") == "7"
    monkeypatch.delenv(name)
    # Large matrices of a command may have all processors.
    assert after("captions") is None
    assert after("run") == "1"
