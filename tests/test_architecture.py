"""The rules that hold the rooms apart."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.fixtures import images

ROOT = Path(__file__).parents[1]
PACKAGES = ("storage", "models", "trainer", "bot", "migrations")

#: What each package may import of ours, besides itself.
ALLOWED = {
    "storage": set(),
    "migrations": {"storage"},
    "models": {"storage"},
    "trainer": {"models", "storage"},
    "bot": {"models", "storage", "trainer"},
    "main": {"bot", "models", "storage", "trainer"},
}
#: What takes seconds and hundreds of megabytes to import.
HEAVY = {"tensorflow", "keras"}

#: The running bot, without its port: opened, put together, one image predicted, one post sent
#: along its path. Prints the heavy modules that it imported.
RUNNING = """
import asyncio, sys
from pathlib import Path
from bot.app import build
from bot.core import open_core
from bot.serving.audience import find_audience
from bot.serving.predict_files import predict_files
from bot.platform import CommunityRef, IncomingPost
from bot.settings import load_settings
from storage.types import PlatformName
import main

async def run():
    picture = Path("picture.png")
    async with open_core(load_settings()) as core:
        app = build(core)
        (predicted,) = await predict_files(
            core.serving, [picture], title="", clock=core.clock,
            audience=await find_audience(core.database, None, core.clock()),
        )
        assert predicted.card is not None
        await app.pipeline.accept(PlatformName.WEB, IncomingPost(
            community=CommunityRef("main", "Main Street"), source_id="one", author=None,
            title="", posted_at=core.clock(), images=[picture.read_bytes()],
        ))
        assert await app.jobs.run_due() == 1

asyncio.run(run())
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def sources(package: str) -> list[Path]:
    if package == "main":
        return [ROOT / "main.py"]
    return sorted((ROOT / package).rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def imported(nodes: Iterator[ast.AST] | list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written out"
            assert node.module is not None
            yield node.module
            # ``from trainer import metrics`` imports a module, too.
            yield from (f"{node.module}.{each.name}" for each in node.names)


def anywhere(path: Path) -> set[str]:
    """Modules that a file imports anywhere, also inside functions."""
    return set(imported(list(ast.walk(parsed(path)))))


def _at_import(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _at_import(child)


def at_import(path: Path) -> set[str]:
    """Modules that importing a file imports."""
    return set(imported(_at_import(parsed(path))))


def file_of(module: str) -> Path | None:
    """The file of one of our modules."""
    path = ROOT.joinpath(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@cache
def reached(path: Path) -> frozenset[str]:
    """Top-level packages that importing a file imports, through our own modules as well."""
    found: set[str] = set()
    waiting, seen = [path], {path}
    while waiting:
        for module in at_import(waiting.pop()):
            found.add(module.partition(".")[0])
            file = file_of(module)
            if file is not None and file not in seen:
                seen.add(file)
                waiting.append(file)
    return frozenset(found)


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_run_one_way(package: str) -> None:
    ours = {*PACKAGES, "main", "tests", "benchmarks"}
    wrong = {
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sources(package)
        for module in anywhere(path)
        if (top := module.partition(".")[0]) in ours - ALLOWED[package] - {package} and top in ours
    }
    assert wrong == set()


@pytest.mark.parametrize("package", ["bot", "models", "storage", "main"])
def test_only_the_trainer_needs_tensorflow(package: str) -> None:
    """Neither by itself nor through a part of the trainer that it imports."""
    wrong = {
        f"{path.relative_to(ROOT)} imports {heavy}"
        for path in sources(package)
        for heavy in HEAVY & (reached(path) | {each.partition(".")[0] for each in anywhere(path)})
    }
    assert wrong == set()


def test_the_light_parts_of_the_trainer_are_light() -> None:
    for name in ("evaluation/gate", "data/splits"):
        assert not HEAVY & reached(ROOT / "trainer" / f"{name}.py"), name


def test_this_file_would_notice() -> None:
    assert "tensorflow" in anywhere(
        ROOT / "trainer" / "backbone" / "export.py"
    ) or "keras" in anywhere(ROOT / "trainer" / "backbone" / "export.py")
    assert "sqlalchemy" in reached(ROOT / "bot" / "app.py")
    assert "numpy" in reached(ROOT / "main.py")


@pytest.mark.parametrize("package", [*PACKAGES, "main"])
def test_nothing_is_printed(package: str) -> None:
    """Output goes through bot/cli/console.py, everything else through logging."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources(package)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "pprint.pprint")
    ]
    assert wrong == []


@pytest.mark.parametrize("package", [*PACKAGES, "main"])
def test_no_room_is_called_utils(package: str) -> None:
    banned = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert [path for path in sources(package) if path.stem in banned] == []


def test_the_running_bot_never_imports_tensorflow(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(images.encode(images.photo(), "PNG"))
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{RUNNING}"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    modules = set(done.stdout.splitlines()[-1].split())
    assert {"bot", "aiohttp", "ai_edge_litert"} <= modules
    assert not HEAVY & modules
    # Neither do these belong into a process that serves.
    assert not {"matplotlib", "scipy", "sklearn", "lightgbm"} & modules
