"""Builds the wheel, installs it beside other people's packages, and uses it there.

    python -m tests.installed_wheel

Nothing is installed but what requirements/base.lock lists, from uv's cache where that has it. The
environment and all data are thrown away afterwards.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
import zipfile
from pathlib import Path
from urllib.request import urlopen

from tests.fixtures import images

ROOT = Path(__file__).resolve().parents[1]
#: Top-level packages that somebody else's distribution has, too.
THEIRS = ("bot", "migrations", "models", "storage", "trainer", "main")
#: Chances of the same picture differ by less than this, asked some minutes apart.
_SAME = 0.01
#: What the built wheel is asked for; prints JSON.
LIBRARY = """
import json
from peoria import Peoria
found = Peoria.load().predict("picture.png", title="A title")
import bot, models, storage
print(json.dumps({"shares": found.shares, "theirs": [bot.WHOSE, models.WHOSE, storage.WHOSE]}))
"""


class Wrong(Exception):
    """The wheel does not do what it should; the message says what."""


def main() -> None:
    """Check the wheel; print what was checked, and exit with 1 where anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = ROOT / ".venv" / "installer" / "bin" / "uv"
    parser.add_argument("--uv", default=default if default.exists() else "uv")
    named = str(parser.parse_args().uv)
    found = shutil.which(named)
    if found is None:
        parser.error(f"there is no program {named}")
    # Whole: it runs in other folders, too.
    uv = str(Path(found).absolute())
    with tempfile.TemporaryDirectory() as folder:
        try:
            check(uv, Path(folder))
        except Wrong as error:
            sys.exit(f"The wheel is wrong: {error}")


def check(uv: str, folder: Path) -> None:
    """Build, install and use the wheel in ``folder``.

    Raises:
        Wrong: something is not as it should be.
    """
    wheel = build(uv, ROOT, folder / "dist")
    held = contents(wheel)
    say(f"built {wheel.name}: {len(held)} files, {wheel.stat().st_size / 2**20:.1f} MB")
    python = install(uv, wheel, folder)
    (folder / "empty").mkdir()
    run = Installed(python.parent, folder / "empty")
    (run.folder / "picture.png").write_bytes(images.encode(images.photo(), "PNG"))
    first_prediction(run)
    board(run)
    child_process(run)


def say(sentence: str) -> None:
    """A line of the report."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def called(command: list[str], **options: object) -> str:
    """Run a command; its standard output.

    Raises:
        Wrong: it failed.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload] # noqa: S603
    if done.returncode:
        raise Wrong(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return str(done.stdout)


def build(uv: str, source: Path, into: Path) -> Path:
    """Build the wheel by way of the source distribution, with the setuptools that is here."""
    called([uv, "build", "-q", "--no-build-isolation", "--python", sys.executable,
            "--out-dir", str(into), str(source)])  # fmt: skip
    (wheel,) = into.glob("*.whl")
    return wheel


def contents(wheel: Path) -> set[str]:
    """What the wheel holds: each file that git follows, under one package.

    Raises:
        Wrong: something is missing, or lies loose.
    """
    held = set(zipfile.ZipFile(wheel).namelist())
    followed = called(
        ["git", "ls-files", "bot", "migrations", "models", "peoria", "storage", "trainer"],
        cwd=ROOT,
    ).split()
    missing = [path for path in followed if f"peoria/{path.removeprefix('peoria/')}" not in held]
    if missing:
        raise Wrong(f"not packed: {', '.join(missing)}")
    loose = {name.partition("/")[0] for name in held if ".dist-info/" not in name} - {"peoria"}
    if loose:
        raise Wrong(f"loose in site-packages: {', '.join(sorted(loose))}")
    return held


def install(uv: str, wheel: Path, folder: Path) -> Path:
    """An environment with the wheel, and another distribution of the same short names."""
    called([uv, "venv", "-q", "--python", sys.executable, str(folder / "environment")])
    python = folder / "environment" / "bin" / "python"
    pip = [uv, "pip", "install", "-q", "--python", str(python)]
    # Elsewhere: uv reads the pyproject.toml of the folder that it runs in, and its constraints.
    called([*pip, "--require-hashes", "-r", str(ROOT / "requirements" / "base.lock")], cwd=folder)
    other = folder / "other"
    other.mkdir()
    names = ", ".join(f'"{name}"' for name in THEIRS)
    (other / "pyproject.toml").write_text(
        textwrap.dedent(f"""
        [build-system]
        requires = ["setuptools"]
        build-backend = "setuptools.build_meta"
        [project]
        name = "somebody-elses"
        version = "1"
        [tool.setuptools]
        packages = [{names}]
        """),
        "utf-8",
    )
    for name in THEIRS:
        (other / name).mkdir()
        (other / name / "__init__.py").write_text("WHOSE = 'theirs'\n", "utf-8")
    called([*pip, "--no-deps", str(build(uv, other, folder / "theirs")), str(wheel)])
    called([uv, "pip", "check", "-q", "--python", str(python)])
    say("installed it beside another distribution with the packages bot, models, storage, …")
    return python


class Installed:
    """The installed programs, run in an empty folder.

    Args:
        programs: where they are.
        folder: the folder that they run in.
    """

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs = programs
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG")}
        self.environment = kept | {"COLUMNS": "200", "PEORIA_WEB_PORT": "0"}

    def __call__(self, program: str, *arguments: str, **environment: str) -> str:
        """Run one to its end, with more variables in its environment; its standard output."""
        return called(
            [str(self.programs / program), *arguments],
            cwd=self.folder,
            env=self.environment | environment,
        )


def first_prediction(run: Installed) -> None:
    """The first answer of a new installation is the repository's own, and no even chances.

    Raises:
        Wrong: it is not.
    """
    asked = ["predict", "picture.png", "--title", "A title", "--json"]
    (installed,) = json.loads(run("peoria", *asked))
    chances = installed["probabilities"]
    if installed["untrained"] or max(chances.values()) - min(chances.values()) < 0.01:
        raise Wrong(f"an untrained model serves: {installed}")
    (here,) = json.loads(
        called(
            [sys.executable, str(ROOT / "main.py"), *asked],
            cwd=run.folder,
            env=run.environment | {"PEORIA_DATA_DIR": "of-the-repository"},
        )
    )
    # Both are for the moment at which they were asked, and the hour counts.
    if any(abs(chances[name] - here["probabilities"][name]) > _SAME for name in chances):
        raise Wrong(f"it says {chances}, the repository {here['probabilities']}")
    found = json.loads(run("python", "-c", LIBRARY))
    if found["theirs"] != ["theirs"] * 3:
        raise Wrong("our packages took the place of others'")
    if any(abs(found["shares"][name] - chances[name]) > _SAME for name in chances):
        raise Wrong(f"the library says {found['shares']}, the command {chances}")
    said = "/".join(f"{chances[name]:.0%}" for name in ("low", "medium", "high"))
    say(f"the first prediction is the repository's: {said}; the library agrees")
    version = run("peoria", "--version").split()
    if version[:1] != ["peoria"] or run("python", "-m", "peoria", "--version").split() != version:
        raise Wrong(f"peoria --version says {version}")
    completed = run(
        "peoria", _PEORIA_COMPLETE="complete_bash", COMP_WORDS="peoria pre", COMP_CWORD="1"
    )
    if completed.split() != ["predict"]:
        raise Wrong(f"after `peoria pre` a shell is offered {completed!r}")
    advice = run("peoria", "doctor")
    if "main.py" in advice:
        raise Wrong(f"doctor tells people to run main.py:\n{advice}")


def board(run: Installed) -> None:
    """The board serves its pages and their files.

    Raises:
        Wrong: it does not.
    """
    process = subprocess.Popen(  # noqa: S603
        [str(run.programs / "peoria"), "run"],
        cwd=run.folder, env=run.environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        said = []
        while not said or "/admin?token=" not in said[-1]:
            said.append(process.stderr.readline())
            if not said[-1]:
                raise Wrong(f"peoria run ended:\n{''.join(said)}")
        url = said[-1].split()[-1].partition("/admin")[0]
        for path in ("/livez", "/", "/models", "/static/board.css"):
            with urlopen(f"{url}{path}", timeout=20) as answer:  # noqa: S310 - our own board
                if answer.status != 200 or not answer.read():
                    raise Wrong(f"{path} answers {answer.status}")
    finally:
        process.terminate()
        process.communicate(timeout=30)
    say("the board serves its pages")


def child_process(run: Installed) -> None:
    """A module of ours that is started by name is found (one that needs no extra).

    Raises:
        Wrong: it is not.
    """
    script = (
        "import subprocess; from peoria.bot.runtime.subprocesses import ROOT, python_module;"
        "print(subprocess.run(python_module('bot.runtime.log'), cwd=ROOT).returncode)"
    )
    if run("python", "-c", script).strip() != "0":
        raise Wrong("a child process does not find its module")
    say("child processes find their modules")


if __name__ == "__main__":
    STARTED = time.monotonic()
    main()
    say(f"The wheel is right ({time.monotonic() - STARTED:.0f} s).")
