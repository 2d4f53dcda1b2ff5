"""Sets up `.venv` with exactly the packages that the lock files beside this file list.

Nothing is resolved: every package and its version is in a lock file, is checked by hash, and at
the end the result is checked to be complete. `make` calls this before every command; when the lock
files are unchanged it does nothing and says nothing.

Only the standard library is used here, since nothing else is installed yet.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

#: The oldest Python that Peoria runs on, and the newest that TensorFlow has wheels for.
OLDEST, NEWEST = (3, 11), (3, 13)
#: What can be added to the base; `dev` is all of it and what the tests and checks need.
EXTRAS = (
    "train", "ocr", "onnx", "postgres", "objects", "ray", "sentry", "telemetry", "tracking",
)  # fmt: skip
#: What is installed where nothing else was asked for.
DEFAULT_EXTRAS = ("train",)
#: About how much a lock file downloads, and takes on disk once installed, in MB; what is compiled
#: then or by use adds a tenth.
SIZES = {
    "base": (195, 610),
    "train": (845, 2690),
    "ocr": (310, 875),
    "onnx": (225, 690),
    "postgres": (200, 625),
    "objects": (205, 630),
    "ray": (285, 860),
    "sentry": (200, 615),
    "telemetry": (200, 620),
    "tracking": (225, 705),
    "dev": (1140, 3545),
}
#: Options of pip's own configuration, and the variables by which uv is told the same.
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
}

#: Version of this Python; one environment holds the packages of one version.
_PYTHON = sys.version.split()[0]


class SetUpFailed(Exception):
    """Set-up cannot go on; the message says why and what to do."""


@dataclass(frozen=True)
class Wanted:
    """What is to be installed: extras beside the base, or everything that developers need."""

    extras: tuple[str, ...]
    dev: bool

    @property
    def locks(self) -> tuple[str, ...]:
        """Names of the lock files, without their suffix. Each holds the base, too."""
        return ("dev",) if self.dev else self.extras or ("base",)

    def state(self) -> dict[str, object]:
        """What is written down once it is installed."""
        return {
            "extras": list(self.extras),
            "dev": self.dev,
            "python": _PYTHON,
            "locks": {name: _digest(name) for name in ("installer", *self.locks)},
        }


def main(arguments: list[str] | None = None) -> int:
    """Set up what was asked for; return the exit status."""
    asked = _parser().parse_args(arguments)
    try:
        set_up(asked.venv, asked.extras, dev=asked.dev)
    except SetUpFailed as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        _say("\nSet-up was interrupted. Type the same command again: it starts over.")
        return 130
    return 0


def set_up(venv: Path, extras: Iterable[str] | None, *, dev: bool) -> None:
    """Make ``venv`` hold what is wanted; do nothing if it does.

    Args:
        venv: folder of the virtual environment.
        extras: added to what was installed before; None: nothing is added, or on the first
            set-up the default extras.
        dev: also what the tests and checks need, and every extra.

    Raises:
        SetUpFailed: this Python is not supported, a download failed, or the disk is full.
    """
    check_python(sys.version_info[:2])
    before = read_state(venv)
    wanted = choose(before, extras, dev=dev)
    if before == wanted.state() and _python(venv).exists():
        return
    began = time.monotonic()
    names = " + ".join(wanted.locks)
    count = len({package for name in wanted.locks for package in packages(name)})
    download, disk = (max(SIZES[name][i] for name in wanted.locks) for i in (0, 1))
    _say(
        f"Setting up {names}: {count} packages, at most {download:,} MB to download and"
        f" {disk:,} MB on disk. The first time takes a few minutes."
    )
    if before.get("python") != _PYTHON:
        _make_venv(venv)
    _state_file(venv).unlink(missing_ok=True)
    environment = uv_environment(_pip_options(venv), os.environ)
    uv = _install_uv(venv, before)
    locks = [str(_lock(name)) for name in wanted.locks]
    _run(uv, "pip", "sync", "--require-hashes", *_of(venv), *locks, env=environment)
    _run(uv, "pip", "check", *_of(venv), env=environment)
    _write_state(venv, wanted.state())
    _say(
        f"Set up in {time.monotonic() - began:.0f} s; {venv.name} takes {size_mb(venv):,} MB. Next:"
        f" `make run` starts Peoria, `{_shown(_python(venv))} main.py --help` lists its commands."
    )


def check_python(version: tuple[int, ...]) -> None:
    """Refuse a Python for which the lock files have no packages."""
    if not OLDEST <= version <= NEWEST:
        found, oldest, newest = (".".join(map(str, each)) for each in (version, OLDEST, NEWEST))
        raise SetUpFailed(
            f"Peoria needs Python {oldest} to {newest}, and this is {found}. Name another one, for"
            f" example: make run PYTHON=/usr/bin/python{oldest}"
        )


def choose(before: Mapping[str, object], extras: Iterable[str] | None, *, dev: bool) -> Wanted:
    """What to install: what is there already, and what is asked for.

    Raises:
        SetUpFailed: there is no such extra.
    """
    had = before.get("extras")
    kept = set(had) if isinstance(had, list) else set()
    added = set(extras) if extras is not None else set() if before else set(DEFAULT_EXTRAS)
    unknown = sorted(added - set(EXTRAS))
    if unknown:
        raise SetUpFailed(f"There is no extra called {unknown[0]}; there are {', '.join(EXTRAS)}.")
    chosen = tuple(name for name in EXTRAS if name in kept | added)
    return Wanted(chosen, dev=dev or before.get("dev") is True)


def packages(lock: str) -> list[str]:
    """Names of the packages that a lock file lists."""
    lines = _lock(lock).read_text("utf-8").splitlines()
    return [line.partition("==")[0].partition("[")[0] for line in lines if line[:1].isalnum()]


def read_state(venv: Path) -> dict[str, object]:
    """What is installed in ``venv``; nothing if the last set-up did not finish."""
    try:
        state = json.loads(_state_file(venv).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
        return {}
    return state if isinstance(state, dict) and _python(venv).exists() else {}


def uv_environment(pip: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """The environment in which uv finds packages where pip finds them.

    Args:
        pip: pip's configuration, by option.
        environment: of this process; what it tells uv already stays.
    """
    told = {PIP_TO_UV[name]: value for name, value in pip.items() if name in PIP_TO_UV}
    if environment.get("PYTHONDONTWRITEBYTECODE"):
        # Python will not keep what it compiles, so that every start would compile its packages
        # again: 9 s of processor time for TensorFlow. Compiled now, once, takes half a minute.
        told["UV_COMPILE_BYTECODE"] = "1"
    # Several indexes are safe: a package is taken by its hash, wherever it lies.
    return {"UV_SYSTEM_CERTS": "1", "UV_INDEX_STRATEGY": "unsafe-best-match", **told, **environment}


def parse_pip_options(listed: str) -> dict[str, str]:
    """The options that `pip config list` prints, such as ``global.index-url='…'``, by name.

    Later lines win, as in pip.
    """
    options = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        options[name.rpartition(".")[2].replace("_", "-")] = value.strip("'\"")
    return options


def size_mb(folder: Path) -> int:
    """How much the files under a folder take, in MB (10⁶ bytes)."""
    files = (Path(where, name) for where, _, names in os.walk(folder) for name in names)
    return round(sum(each.lstat().st_size for each in files) / 1e6)


def _make_venv(venv: Path) -> None:
    if venv.is_symlink() or venv.is_file():
        raise SetUpFailed(f"{venv} is not a folder that set-up has made; move it out of the way.")
    if venv.exists():
        _say(
            f"{venv.name} is from a set-up that did not finish, or from another version: starting"
            " over."
        )
        shutil.rmtree(venv)
    _run(sys.executable, "-m", "venv", str(venv))


def _install_uv(venv: Path, before: Mapping[str, object]) -> str:
    """The installer, at the version in its lock file, in a folder of its own."""
    folder = venv / "installer"
    locks = before.get("locks")
    known = isinstance(locks, dict) and locks.get("installer") == _digest("installer")
    if not (known and folder.exists()):
        shutil.rmtree(folder, ignore_errors=True)
        _run(
            str(_python(venv)), "-m", "pip", "install", "--disable-pip-version-check",
            "--no-deps", "--require-hashes", "--target", str(folder),
            "-r", str(_lock("installer")),
        )  # fmt: skip
    return str(folder / "bin" / ("uv.exe" if os.name == "nt" else "uv"))


def _pip_options(venv: Path) -> dict[str, str]:
    listed = subprocess.run(  # noqa: S603
        [str(_python(venv)), "-m", "pip", "config", "list"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return parse_pip_options(listed.stdout)


def _run(*command: str, env: Mapping[str, str] | None = None) -> None:
    try:
        status = subprocess.run(command, env=env, check=False).returncode  # noqa: S603
    except OSError as error:
        raise SetUpFailed(f"{command[0]} cannot be started: {error.strerror}.") from error
    if status != 0:
        free = shutil.disk_usage(ROOT).free / 1e9
        raise SetUpFailed(
            f"Set-up did not finish: `{Path(command[0]).name} {' '.join(command[1:4])}` failed; the"
            f" lines above say why ({free:.1f} GB are free on this disk). When that is mended, type"
            " the same command again: it starts over, and keeps what was downloaded."
        )


def _python(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _of(venv: Path) -> tuple[str, str]:
    return ("--python", str(_python(venv)))


def _shown(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def _state_file(venv: Path) -> Path:
    return venv / "installed.json"


def _write_state(venv: Path, state: Mapping[str, object]) -> None:
    part = _state_file(venv).with_suffix(".part")
    part.write_text(json.dumps(state, indent=2) + "\n", "utf-8")
    part.replace(_state_file(venv))


def _lock(name: str) -> Path:
    return ROOT / "requirements" / f"{name}.lock"


def _digest(name: str) -> str:
    return hashlib.sha256(_lock(name).read_bytes()).hexdigest()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="the folder to set up")
    parser.add_argument(
        "--extras", type=str.split, metavar="'NAME …'", help=f"to add: {', '.join(EXTRAS)}"
    )
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    return parser


if __name__ == "__main__":
    sys.exit(main())
