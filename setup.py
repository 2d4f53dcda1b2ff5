"""Builds the wheel, in which all of Peoria lies under one package, ``peoria``.

The repository keeps its short names (``bot``, ``models``, …). In other people's installations these
would be taken from whoever else uses them, so that the wheel has ``peoria.bot``, ``peoria.models``
and so on: the same files with their imports changed, and ``main.py`` as ``peoria/__main__.py``.
What a message tells people to type (``main.py doctor``) becomes what is installed
(``peoria doctor``). Everything else is in pyproject.toml.
"""

import ast
import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.editable_wheel import editable_wheel

ROOT = Path(__file__).parent
#: The repository's packages that lie under `peoria` in the wheel.
PACKAGES = ("bot", "migrations", "models", "storage", "trainer")

_FROM = re.compile(rf"^(from\s+)((?:{'|'.join(PACKAGES)})\b)")
_TYPED = re.compile(r"(?:python )?\bmain\.py\b")


def under_peoria(source: str) -> str:
    """A module's source text as it lies in the wheel: the same lines, other names.

    Raises:
        ValueError: it imports one of our packages in a way that cannot be changed by name alone.
    """
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names if each.name.partition(".")[0] in PACKAGES]
            if names:
                raise ValueError(f"line {node.lineno}: write `from … import` for {names[0]}")
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            # Whatever stands before the statement on its line holds no `from` of ours.
            at = node.lineno - 1
            before, statement = lines[at][: node.col_offset], lines[at][node.col_offset :]
            lines[at] = before + _FROM.sub(r"\1peoria.\2", statement, count=1)
    changed = "".join(lines)
    if _imports(changed) != [_moved(each) for each in _imports(source)]:
        raise ValueError("an import could not be changed")
    return _TYPED.sub("peoria", changed)


def _imports(source: str) -> list[str]:
    return [
        node.module
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module
    ]


def _moved(module: str) -> str:
    return f"peoria.{module}" if module.partition(".")[0] in PACKAGES else module


def packages() -> dict[str, str]:
    """Every package of the wheel, and its folder in the repository."""
    found = find_packages(str(ROOT), include=[name for p in PACKAGES for name in (p, f"{p}.*")])
    # Alembic reads the folder of migrations as files; it is no package in the repository.
    found.append("migrations.versions")
    return {"peoria": "peoria"} | {f"peoria.{name}": name.replace(".", "/") for name in found}


def files_of(folder: Path) -> list[str]:
    """What lies in a package and is no code: also in its folders that are no packages."""
    found: list[str] = []
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix not in {".py", ".pyc"}:
            found.append(path.name)
        elif path.is_dir() and not any(path.glob("*.py")):
            found += [f"{path.name}/{name}" for name in files_of(path)]
    return found


class BuildUnderPeoria(build_py):
    """Copies the packages, each module as it lies in the wheel."""

    def run(self) -> None:
        # What an earlier build left there would be packed, too.
        shutil.rmtree(Path(self.build_lib) / "peoria", ignore_errors=True)
        super().run()
        self._write(ROOT / "main.py", Path(self.build_lib) / "peoria" / "__main__.py")
        # A catalogue of translations has the texts of the code, which are changed alike.
        for kind in ("*.html", "*.po"):
            for path in Path(self.build_lib).rglob(kind):
                path.write_text(_TYPED.sub("peoria", path.read_text("utf-8")), "utf-8")

    def build_module(self, module, module_file, package):  # type: ignore[no-untyped-def]
        target, copied = super().build_module(module, module_file, package)
        self._write(Path(module_file), Path(target))
        return target, copied

    @staticmethod
    def _write(source: Path, target: Path) -> None:
        try:
            text = under_peoria(source.read_text("utf-8"))
        except ValueError as error:
            raise SystemExit(f"{source}: {error}") from error
        target.write_text(text, "utf-8")


class NotEditable(editable_wheel):
    """An editable installation cannot change imports; it would only seem to work."""

    def run(self) -> None:
        raise SystemExit(
            "Peoria cannot be installed as editable. Work in the repository with `make test` and"
            " `python main.py`, or install it with `pip install .`."
        )


if __name__ == "__main__":
    FOLDERS = packages()
    setup(
        packages=list(FOLDERS),
        package_dir=FOLDERS,
        package_data={name: files_of(ROOT / folder) for name, folder in FOLDERS.items()},
        cmdclass={"build_py": BuildUnderPeoria, "editable_wheel": NotEditable},
    )
