"""Mutation testing: change one thing in a rule, and see whether any test notices.

    python -m benchmarks.mutation [--count 60] [--seed 1] [--only bot/league …] [--kinds number …]

A mutant is the code with one change: a comparison moved by its bound or turned round, a number
changed, + for −, `and` for `or`, min for max, a returned value gone. It is killed when a test that
is written for its module fails, and survives when they all pass. Survivors are printed with their
diffs: each one is a missing test, or a change that means nothing (say so where you report it).

The mutants are drawn by a seed from the modules that hold the rules, and run in copies of the
working tree, one for each processor core. `--count 0` runs all there are.

Why none of the kept tools: mutmut 3 leaves constants of modules and classes alone, where most of
our rules are; cosmic-ray changes numbers by exactly one (0.03 becomes 1.03, which everything
notices), mutates annotations, and brings eleven packages.
"""

import argparse
import ast
import difflib
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parents[1]

#: What takes long to load, and is loaded once for all mutants.
_LIBRARIES = (
    "aiohttp.test_utils", "aiosqlite", "alembic.command", "apscheduler.schedulers.asyncio",
    "discord.ext.commands", "hypothesis.strategies", "numpy", "PIL.Image", "praw",
    "pydantic_settings", "pytest", "rich.console", "scipy.stats", "sqlalchemy.ext.asyncio", "typer",
)  # fmt: skip

#: Where the rules are, and the tests that are written for them. A folder stands for its modules.
TESTS: Mapping[str, Sequence[str]] = {
    "bot/labels/growth.py": ("tests/boundaries/test_growth.py", "tests/bot/labels/test_growth.py"),
    "bot/league": ("tests/boundaries/test_league.py", "tests/bot/league"),
    "models/distribution.py": (
        "tests/boundaries/test_percentiles.py",
        "tests/models/test_distribution.py",
    ),
    "models/percentiles.py": (
        "tests/boundaries/test_percentiles.py",
        "tests/models/test_percentiles.py",
        "tests/boundaries/test_labels.py",
    ),
    "trainer/evaluation/gate.py": (
        "tests/boundaries/test_gate.py",
        "tests/trainer/evaluation/test_gate.py",
    ),
}

_COMPARISONS: Mapping[type[ast.cmpop], Sequence[type[ast.cmpop]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_NAMES = {"min": "max", "max": "min", "asc": "desc", "desc": "asc", "any": "all", "all": "any"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: the bytes from ``start`` to ``end`` of a module become ``text``."""

    module: str
    kind: str
    start: int
    end: int
    text: str

    def apply(self, source: bytes) -> bytes:
        """The mutated source."""
        return source[: self.start] + self.text.encode() + source[self.end :]

    def diff(self, source: bytes) -> str:
        """What was changed, as a unified diff without context."""
        before, after = source.decode().splitlines(), self.apply(source).decode().splitlines()
        lines = list(
            difflib.unified_diff(before, after, self.module, self.module, "", "", n=0, lineterm="")
        )
        return "\n".join(lines[2:])


def find_mutants(module: str, source: bytes) -> Iterator[Mutant]:
    """Every mutant of a module, from its first line to its last."""
    lines = source.splitlines(keepends=True)
    begins = [0]
    for line in lines:
        begins.append(begins[-1] + len(line))
    for node in _walk(ast.parse(source)):
        for kind, text in _changes(node):
            assert isinstance(node, ast.expr | ast.stmt)
            assert node.end_lineno is not None
            assert node.end_col_offset is not None
            start = begins[node.lineno - 1] + node.col_offset
            yield Mutant(
                module, kind, start, begins[node.end_lineno - 1] + node.end_col_offset, text
            )


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but annotations, f-strings (Python 3.11 misplaces them) and string constants."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, ast.JoinedStr):
                yield from _walk(child)


def _changes(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Kind and new text of every change to a node."""
    match node:
        case ast.Compare():
            yield from (("comparison", f"({ast.unparse(each)})") for each in _compared(node))
        case ast.Constant(value):
            yield from (("number", text) for text in _numbers(value))
        case ast.BinOp(left, op, right) if type(op) in _ARITHMETIC:
            yield "arithmetic", f"({ast.unparse(ast.BinOp(left, _ARITHMETIC[type(op)](), right))})"
        case ast.BoolOp(op, values):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield "logic", f"({ast.unparse(ast.BoolOp(other, values))})"
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield "logic", f"({ast.unparse(operand)})"
        case ast.Name(name) | ast.Attribute(_, name) if name in _NAMES:
            changed = ast.Name(_NAMES[name])
            if isinstance(node, ast.Attribute):
                changed = ast.Attribute(node.value, _NAMES[name])
            yield "name", ast.unparse(changed)
        case ast.Return(ast.expr() as value) if ast.unparse(value) != "None":
            yield "return", "return None"


def _compared(node: ast.Compare) -> Iterator[ast.Compare]:
    """The comparison with one operator changed; a chain (a < b < c) only moves by its bounds."""
    for place, op in enumerate(node.ops):
        others = _COMPARISONS[type(op)]
        for other in others if len(node.ops) == 1 else others[:1]:
            changed = [*node.ops[:place], other(), *node.ops[place + 1 :]]
            yield ast.Compare(node.left, changed, node.comparators)


def _numbers(value: object) -> Iterator[str]:
    """A number, a little more and a little less."""
    if isinstance(value, int) and not isinstance(value, bool):
        yield str(value + 1)
        if value > 1:
            yield str(value - 1)
    elif isinstance(value, float):
        yield repr(value * 1.5 if value else 0.1)
        if value:
            yield repr(value / 1.5)


class Tree:
    """A copy of the working tree in which one mutant at a time is tried."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)

    def passes(self, tests: Sequence[str], *, seconds: float) -> bool:
        """Whether the tests pass in time: what a mutant makes endless is a mutant noticed."""
        there = [each for each in tests if (self._folder / each).exists()]
        # Forked from a process that has the libraries loaded, but none of our own modules.
        process = multiprocessing.Process(target=_run_tests, args=(self._folder, there))
        process.start()
        process.join(seconds)
        if process.is_alive():
            process.kill()
            process.join()
            return False
        if process.exitcode not in (0, 1, 2):
            raise RuntimeError(f"pytest could not run {there}: it ended with {process.exitcode}")
        return process.exitcode == 0

    def survives(self, mutant: Mutant, tests: Sequence[str], *, seconds: float) -> bool:
        """Whether the tests pass with the mutant in place."""
        path = self._folder / mutant.module
        source = path.read_bytes()
        try:
            self._write(path, mutant.apply(source))
            return self.passes(tests, seconds=seconds)
        finally:
            self._write(path, source)

    def _write(self, path: Path, source: bytes) -> None:
        path.write_bytes(source)
        # Compiled code is told apart by second and size, and a mutant may have both alike.
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
            compiled.unlink()


def _run_tests(folder: Path, tests: Sequence[str]) -> None:
    os.chdir(folder)
    sys.path[:] = [each for each in sys.path if Path(each).resolve() != ROOT]
    with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - a descriptor is needed
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
    import pytest

    sys.exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests]))


def tests_of(module: str) -> Sequence[str]:
    """The tests that are written for a module."""
    return next(tests for place, tests in TESTS.items() if Path(module).is_relative_to(place))


def modules(only: Sequence[str] = ()) -> list[str]:
    """The modules whose mutants are tried, in order; ``only``: those below these paths."""
    found = []
    for place in TESTS:
        path = ROOT / place
        found += [path] if path.is_file() else sorted(path.rglob("*.py"))
    names = [path.relative_to(ROOT).as_posix() for path in found]
    return [each for each in names if not only or any(map(Path(each).is_relative_to, only))]


def main() -> None:
    """Draw mutants, try each, and print what survived."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=60, help="mutants that are drawn; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[], help="files or folders to draw from")
    parser.add_argument("--kinds", nargs="*", help="comparison number arithmetic logic name return")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()

    sources = {each: (ROOT / each).read_bytes() for each in modules(options.only)}
    mutants = [
        mutant
        for module, source in sources.items()
        for mutant in find_mutants(module, source)
        if not options.kinds or mutant.kind in options.kinds
    ]
    if options.count and options.count < len(mutants):
        mutants = random.Random(options.seed).sample(mutants, options.count)
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    multiprocessing.set_start_method("forkserver")
    multiprocessing.set_forkserver_preload([*_LIBRARIES])
    survivors = _try_all(mutants, options.workers)

    tried = Counter(each.module for each in mutants)
    lived = Counter(each.module for each in survivors)
    for mutant in sorted(survivors, key=lambda each: (each.module, each.start)):
        print(f"\nSURVIVED  {mutant.module}\n{mutant.diff(sources[mutant.module])}")
    print(f"\n{'module':42}{'killed':>8}{'survived':>10}")
    for module in sorted(tried):
        print(f"{module:42}{tried[module] - lived[module]:8}{lived[module]:10}")
    print(f"{'all':42}{len(mutants) - len(survivors):8}{len(survivors):10}")


def _try_all(mutants: Sequence[Mutant], workers: int) -> list[Mutant]:
    """The mutants that survive, tried in ``workers`` copies of the tree at once."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(workers) as pool:
        free: SimpleQueue[Tree] = SimpleQueue()
        for number in range(workers):
            (folder := Path(name, str(number))).mkdir()
            free.put(Tree(folder))
        limits = {}
        tree = free.get()
        for tests in sorted({tests_of(each.module) for each in mutants}):
            started = time.monotonic()
            if not tree.passes(tests, seconds=600):
                raise SystemExit(f"{' '.join(tests)} fail without any mutant.")
            limits[tests] = 20 + 4 * (time.monotonic() - started)
        free.put(tree)

        def survives(mutant: Mutant) -> bool:
            tree = free.get()
            try:
                tests = tests_of(mutant.module)
                lives = tree.survives(mutant, tests, seconds=limits[tests])
            finally:
                free.put(tree)
            print("s" if lives else ".", end="", flush=True)
            return lives

        results = list(pool.map(survives, mutants))
    print(f"\n{len(mutants)} mutants in {time.monotonic() - began:.0f} s")
    return [mutant for mutant, lives in zip(mutants, results, strict=True) if lives]


if __name__ == "__main__":
    main()
