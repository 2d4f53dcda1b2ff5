"""Files and names of code that the documentation mentions exist; old names are gone."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.docs.pages import CHANGELOG, PAGES, ROOT, code_spans, name

_TOP = "bot|models|trainer|storage|migrations|benchmarks|tests|docs|requirements"
_PATH = re.compile(rf"((?:{_TOP})/[\w./-]*|[\w-]+\.py)(?:: ([\w.]+))?")
#: A path with NAME stands for many.
_ANY = re.compile(r"(?<![A-Z])NAME(?![A-Z])")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_and_names_exist(page: Path) -> None:
    missing = [
        span
        for span in code_spans(page)
        if (match := _PATH.fullmatch(span)) and not _ANY.search(match[1])
        if not _exists(match[1], match[2])
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_programs_that_are_shown_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    modules = re.findall(r"python -m ((?:benchmarks|docs|storage|tests|trainer)[\w.]*\w)", text)
    files = [f"{module.replace('.', '/')}.py" for module in modules]
    files += re.findall(r"python ((?:benchmarks|docs)/[\w/]+\.py)", text)
    assert [file for file in files if not (ROOT / file).exists()] == []


def _exists(path: str, inside: str | None) -> bool:
    file = ROOT / path
    return file.exists() and (inside is None or inside in _defined(file))


@cache
def _defined(file: Path) -> frozenset[str]:
    """Functions, classes and their methods, and constants of a file."""
    found: set[str] = set()
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}.{each.name}"
                for each in node.body
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
            }
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        if isinstance(node, ast.Assign):
            found |= {each.id for each in node.targets if isinstance(each, ast.Name)}
    return frozenset(found)


def test_a_missing_file_or_name_is_noticed() -> None:
    assert _exists("bot/settings.py", "load_settings")
    assert _exists("bot/settings.py", "Settings.url")
    assert not _exists("bot/settings.py", "nothing")
    assert not _exists("bot/nothing.py", None)


def test_old_module_names_are_gone() -> None:
    """Whatever the changelog lists as renamed is named nowhere else, as a path or a module."""
    table = CHANGELOG.read_text("utf-8").partition("### Renamed modules")[2].partition("\n## ")[0]
    old = {
        path
        for row in re.findall(r"^\|([^|]*)\|", table, re.MULTILINE)
        for path in re.findall(r"`([^`]+(?:\.py|/))`", row)
    }
    assert len(old) > 100
    modules = {path.removesuffix(".py").rstrip("/").replace("/", ".") for path in old}
    gone = {each for each in modules if not ROOT.joinpath(*each.split(".")).exists()}
    paths, names = ("|".join(map(re.escape, sorted(each))) for each in (old, gone))
    named = re.compile(rf"(?<![\w./])(?:{paths})|(?:from |import |-m |[\"'`])(?:{names})\b")
    found = {
        f"{name(file)}: {match[0]}"
        for file in _texts()
        for match in named.finditer(file.read_text("utf-8"))
    }
    assert found == set()


def _texts() -> Iterator[Path]:
    """Every file of ours that is read by people and may name a module today."""
    yield from (ROOT / each for each in ("main.py", "Makefile", "Dockerfile", ".ci/run"))
    yield from PAGES
    for top in ("bot", "models", "trainer", "storage", "benchmarks", "tests", "docs"):
        yield from (ROOT / top).rglob("*.py")
