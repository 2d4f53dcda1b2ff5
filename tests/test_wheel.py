"""How modules change on their way into the wheel (setup.py).

That the wheel works where it is installed is tested by `tests/installed_wheel.py`, in .ci/run.
"""

import ast
import runpy
from pathlib import Path

import pytest

from tests.fixtures.import_graph import Codebase

ROOT = Path(__file__).parents[1]
SETUP = runpy.run_path(str(ROOT / "setup.py"))
under_peoria = SETUP["under_peoria"]


@pytest.mark.parametrize(
    ("source", "packed"),
    [
        ("from bot.core import open_core\n", "from peoria.bot.core import open_core\n"),
        ("from models import extras\n", "from peoria.models import extras\n"),
        ("def f():\n    from   storage.types import A\n",
         "def f():\n    from   peoria.storage.types import A\n"),
        ("x = 1; from bot import core\n", "x = 1; from peoria.bot import core\n"),
        ("from trainer.head import (\n  fit)\n", "from peoria.trainer.head import (\n  fit)\n"),
        # Other people's, and what only looks like ours.
        ("from botany import tree\n", "from botany import tree\n"),
        ("from models_of import x\n", "from models_of import x\n"),
        ("from discord.ext import bot\n", "from discord.ext import bot\n"),
        ("from .bot import x\n", "from .bot import x\n"),
        ("words = '''\nfrom bot import x\n'''\n", "words = '''\nfrom bot import x\n'''\n"),
        # What people are told to type.
        ("say('Ask `main.py doctor`.')\n", "say('Ask `peoria doctor`.')\n"),
        ("'python main.py restore FILE'\n", "'peoria restore FILE'\n"),
        ("'domain.py'\n", "'domain.py'\n"),
    ],
)  # fmt: skip
def test_only_names_change(source: str, packed: str) -> None:
    assert under_peoria(source) == packed


@pytest.mark.parametrize("source", ["import bot\n", "import bot.core as c\n"])
def test_what_cannot_be_changed_by_name_alone_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="write `from … import` for bot"):
        under_peoria(source)


def test_every_module_can_be_packed() -> None:
    for folder in SETUP["packages"]().values():
        for path in (ROOT / folder).glob("*.py"):
            assert under_peoria(path.read_text("utf-8"))


def test_child_processes_are_named_in_one_place() -> None:
    """A module that is run by name has another name in the wheel: python_module knows it."""
    code = Codebase.read(ROOT, SETUP["PACKAGES"], [])
    through = {"python_module", "run_json_child"}
    wrong = []
    for module, tree in code.trees.items():
        if module == "bot.runtime.subprocesses":
            continue
        passed = {
            id(argument)
            for call in ast.walk(tree)
            if isinstance(call, ast.Call) and ast.unparse(call.func) in through
            for argument in call.args
        }
        wrong += [
            f"{code.files[module]}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and "." in node.value
            and node.value in code.files
            and id(node) not in passed
        ]
    assert wrong == []
