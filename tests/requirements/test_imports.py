"""What our code imports is declared, and what serving imports is in the base."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.requirements.locks import ROOT, project

OURS = {
    "bot",
    "benchmarks",
    "docs",
    "main",
    "migrations",
    "models",
    "peoria",
    "requirements",
    "storage",
    "tests",
} | {"trainer"}
EXTRAS = tuple(project()["project"]["optional-dependencies"])
#: Imported in a function, where it is installed: the comparison says in its report if it is not.
ONLY_FOR_DEVELOPERS = {("trainer/evaluation/boosted_trees.py", "lightgbm")}


def declared(*where: str) -> set[str]:
    """Distributions that pyproject.toml names in the base, an extra or a group."""
    lists = {
        "base": project()["project"]["dependencies"],
        **project()["project"]["optional-dependencies"],
        **project()["dependency-groups"],
    }
    return {canonicalize_name(Requirement(each).name) for name in where for each in lists[name]}


@cache
def distributions() -> dict[str, set[str]]:
    """Which distributions an import name comes from."""
    # The group clip is installed nowhere by default, and its name differs from what is imported.
    return {"open_clip": {"open-clip-torch"}} | {
        name: {canonicalize_name(each) for each in found}
        for name, found in metadata.packages_distributions().items()
    }


def imports(path: Path, *, at_import: bool) -> Iterator[str]:
    """Top-level names that a file imports: at import, or anywhere in it."""
    waiting: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]
        elif not (at_import and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            waiting.extend(ast.iter_child_nodes(node))


def undeclared(files: list[Path], allowed: set[str], *, at_import: bool) -> set[tuple[str, str]]:
    """Files and the names that they import without a declaration."""
    return {
        (path.relative_to(ROOT).as_posix(), name)
        for path in files
        for name in set(imports(path, at_import=at_import)) - OURS - sys.stdlib_module_names
        if not distributions().get(name, {name}) & allowed
    }


def sources(*packages: str) -> list[Path]:
    found = [path for name in packages for path in sorted((ROOT / name).rglob("*.py"))]
    assert found
    return found


def test_what_serves_needs_only_the_base() -> None:
    files = [ROOT / "main.py", *sources("bot", "models", "peoria", "storage", "migrations")]
    # Imported by none of them: the process that is connected to Ray, a child of the bot.
    files.remove(ROOT / "bot" / "cluster" / "pool.py")
    # And a program that is handed out, and names what it needs.
    files.remove(ROOT / "bot" / "web" / "examples" / "label_plot.py")
    assert undeclared(files, declared("base"), at_import=True) == set()


def test_what_trains_is_in_the_extras() -> None:
    files = [ROOT / "main.py", *sources("bot", "models", "storage", "migrations", "trainer")]
    allowed = declared("base", *EXTRAS, "clip")
    assert undeclared(files, allowed, at_import=False) - ONLY_FOR_DEVELOPERS == set()


def test_what_tests_and_benchmarks_import_is_declared() -> None:
    allowed = declared("base", *EXTRAS, "clip", "dev", "docs")
    assert undeclared(sources("tests", "benchmarks"), allowed, at_import=False) == set()


def test_the_installer_needs_only_python() -> None:
    assert undeclared([ROOT / "requirements" / "install.py"], set(), at_import=False) == set()


@pytest.mark.parametrize(
    "line", ["import flask", "from flask import json", "import flask.json as n"]
)
def test_an_undeclared_import_is_found(tmp_path: Path, line: str) -> None:
    file = tmp_path / "module.py"
    file.write_text(f"import json\nimport numpy\ndef f():\n    {line}\n", "utf-8")
    assert set(imports(file, at_import=False)) == {"json", "numpy", "flask"}
    assert set(imports(file, at_import=True)) == {"json", "numpy"}
    assert not distributions()["flask"] & declared("base", "train", "ocr", "postgres")
