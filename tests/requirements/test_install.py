"""Set-up: what it installs, when it does nothing, and what it leaves when it is cut short."""

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from requirements import install
from tests.requirements.locks import LOCKS

Calls = list[tuple[str, ...]]


class Machine:
    """Stands in for the programs that set-up runs; `fail_at` is part of a command that fails."""

    def __init__(self) -> None:
        self.calls: Calls = []
        self.fail_at: str | None = None
        self.interrupt_at: str | None = None

    def run(self, *command: str, env: Mapping[str, str] | None = None) -> None:
        self.calls.append(command)
        line = " ".join(command)
        if self.fail_at and self.fail_at in line:
            raise install.SetUpFailed("It failed.")
        if self.interrupt_at and self.interrupt_at in line:
            raise KeyboardInterrupt
        if "-m venv" in line:
            python = install._python(Path(command[-1]))
            python.parent.mkdir(parents=True)
            python.symlink_to(sys.executable)
        if "--target" in command:
            Path(command[command.index("--target") + 1]).mkdir()

    @property
    def synced(self) -> list[list[str]]:
        """The lock files of every sync, in order."""
        return [
            [Path(each).name for each in call if each.endswith(".lock")]
            for call in self.calls
            if "sync" in call
        ]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A checkout of its own, in which nothing is really installed."""
    shutil.copytree(LOCKS, tmp_path / "requirements")
    machine = Machine()
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "_run", machine.run)
    monkeypatch.setattr(install, "_pip_options", lambda venv: {})
    return machine


@pytest.fixture
def set_up(tmp_path: Path) -> Callable[..., int]:
    """Runs set-up as make does, and returns its exit status."""
    return lambda *arguments: install.main(["--venv", str(tmp_path / ".venv"), *arguments])


def test_the_first_set_up_can_train(machine: Machine, set_up: Callable[..., int]) -> None:
    assert set_up() == 0
    assert machine.synced == [["train.lock"]]
    sync = next(call for call in machine.calls if "sync" in call)
    assert "--require-hashes" in sync
    assert machine.calls[-1][1:3] == ("pip", "check")


def test_the_second_set_up_does_nothing(
    machine: Machine, set_up: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    set_up()
    machine.calls.clear()
    capsys.readouterr()
    assert set_up() == 0
    assert machine.calls == []
    assert capsys.readouterr() == ("", "")


def test_a_changed_lock_is_installed(
    machine: Machine, set_up: Callable[..., int], tmp_path: Path
) -> None:
    set_up()
    with (tmp_path / "requirements" / "train.lock").open("a", encoding="utf-8") as lock:
        lock.write("# changed\n")
    machine.calls.clear()
    assert set_up() == 0
    assert machine.synced == [["train.lock"]]
    # The environment and the installer are still good.
    assert not any("venv" in call or "--target" in call for call in machine.calls)


def test_a_changed_installer_is_fetched(
    machine: Machine, set_up: Callable[..., int], tmp_path: Path
) -> None:
    set_up()
    with (tmp_path / "requirements" / "installer.lock").open("a", encoding="utf-8") as lock:
        lock.write("# changed\n")
    machine.calls.clear()
    assert set_up() == 0
    assert any("--target" in call for call in machine.calls)


def test_the_small_set_up_stays_small(machine: Machine, set_up: Callable[..., int]) -> None:
    set_up("--extras", "")
    set_up()
    assert machine.synced == [["base.lock"]]


def test_an_extra_is_added_to_the_others(machine: Machine, set_up: Callable[..., int]) -> None:
    set_up()
    set_up("--extras", "postgres")
    set_up()
    assert machine.synced == [["train.lock"], ["train.lock", "postgres.lock"]]


def test_developers_keep_what_they_have(machine: Machine, set_up: Callable[..., int]) -> None:
    """`make run` after `make test` takes nothing away."""
    set_up("--dev")
    set_up()
    assert machine.synced == [["dev.lock"]]


def test_an_unknown_extra(
    machine: Machine, set_up: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert set_up("--extras", "cuda") == 1
    assert (
        f"There is no extra called cuda; there are {', '.join(install.EXTRAS)}."
        in capsys.readouterr().err
    )
    assert machine.calls == []


@pytest.mark.parametrize("step", ["-m venv", "--target", "pip sync", "pip check"])
@pytest.mark.parametrize(("way", "status"), [("fail_at", 1), ("interrupt_at", 130)])
def test_a_set_up_that_was_cut_short_starts_over(
    machine: Machine,
    set_up: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    step: str,
    way: str,
    status: int,
) -> None:
    setattr(machine, way, step)
    assert set_up() == status
    words = capsys.readouterr().err
    assert "Traceback" not in words
    if way == "interrupt_at":
        assert "Type the same command again: it starts over." in words
    (tmp_path / ".venv").mkdir(exist_ok=True)
    (tmp_path / ".venv" / "half a package").touch()
    setattr(machine, way, None)
    assert set_up() == 0
    assert "starting over" in capsys.readouterr().err
    assert not (tmp_path / ".venv" / "half a package").exists()
    assert machine.synced[-1] == ["train.lock"]


def test_an_update_that_was_cut_short_starts_over(
    machine: Machine, set_up: Callable[..., int], tmp_path: Path
) -> None:
    set_up()
    machine.interrupt_at = "pip sync"
    assert set_up("--dev") == 130
    machine.interrupt_at = None
    machine.calls.clear()
    assert set_up("--dev") == 0
    assert any("venv" in call for call in machine.calls)


def test_another_python_gets_an_environment_of_its_own(
    machine: Machine, set_up: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up("--extras", "postgres")
    monkeypatch.setattr(install, "_PYTHON", "3.13.99")
    machine.calls.clear()
    assert set_up() == 0
    assert any("venv" in call for call in machine.calls)
    assert machine.synced == [["postgres.lock"]]


def test_a_link_is_not_removed(
    machine: Machine, set_up: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / ".venv").symlink_to(elsewhere)
    assert set_up() == 1
    assert elsewhere.is_dir()
    assert "move it out of the way" in capsys.readouterr().err


@pytest.mark.parametrize("version", [(3, 10), (3, 14)])
def test_a_python_without_packages(version: tuple[int, int]) -> None:
    with pytest.raises(install.SetUpFailed, match=r"needs Python 3\.11 to 3\.13, and this is 3\.1"):
        install.check_python(version)


def test_a_program_that_fails_says_what_to_do() -> None:
    with pytest.raises(install.SetUpFailed, match="type the same command again"):
        install._run(sys.executable, "-c", "raise SystemExit(2)")


def test_the_installer_looks_where_pip_looks() -> None:
    listed = (
        "global.index-url='file:///mirror/simple'\n:env:.cert='/etc/ours.pem'\n"
        "global.timeout='60'\n:env:.index-url='file:///other/simple'\n"
    )
    told = install.uv_environment(install.parse_pip_options(listed), {"HOME": "/home/me"})
    assert told["UV_DEFAULT_INDEX"] == "file:///other/simple"
    assert told["SSL_CERT_FILE"] == "/etc/ours.pem"
    assert told["HOME"] == "/home/me"


def test_what_the_installer_was_told_itself_counts_more() -> None:
    mine = {"UV_DEFAULT_INDEX": "file:///mine"}
    assert install.uv_environment({"index-url": "file:///pip"}, mine)["UV_DEFAULT_INDEX"] == (
        "file:///mine"
    )


def test_packages_are_compiled_where_python_would_do_it_again_at_every_start() -> None:
    told = install.uv_environment({}, {"PYTHONDONTWRITEBYTECODE": "1"})
    assert told["UV_COMPILE_BYTECODE"] == "1"
    for environment in ({}, {"PYTHONDONTWRITEBYTECODE": ""}):
        assert "UV_COMPILE_BYTECODE" not in install.uv_environment({}, environment)
