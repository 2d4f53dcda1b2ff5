"""The rules that hold the rooms apart.

Why each room exists and what may not be in it is told in docs/design.md.
"""

import ast
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fixtures import images
from tests.fixtures.database_writes import rows_of_posts, writes
from tests.fixtures.import_graph import Codebase, circles, lies_in

ROOT = Path(__file__).parents[1]
PACKAGES = ("storage", "models", "trainer", "bot", "migrations")
PLATFORMS = ("bot.bluesky", "bot.discord", "bot.lemmy", "bot.mastodon", "bot.reddit", "bot.web")
OURS = (*PACKAGES, "main", "peoria", "tests", "benchmarks")
#: What takes seconds and hundreds of megabytes to import.
HEAVY = ("tensorflow", "keras")


@pytest.fixture(scope="module")
def peoria() -> Codebase:
    """All our code. Not read while tests are collected, which each process of a run does."""
    return Codebase.read(ROOT, (*PACKAGES, "peoria"), ["main"])


@dataclass(frozen=True, slots=True)
class Rule:
    """Some modules may not import others. A name stands for a module and all that lies in it.

    Attributes:
        says: the rule in words.
        of: the modules that it is about.
        not_of: modules among them that it does not hold for.
        forbids: what they may not import.
        but: what of that they may import.
    """

    says: str
    of: tuple[str, ...]
    forbids: tuple[str, ...]
    not_of: tuple[str, ...] = ()
    but: tuple[str, ...] = ()

    def broken_by(self, code: Codebase) -> list[str]:
        """A line for each import that breaks the rule."""
        return [
            f"{each.place} imports {each.imported}, but {self.says}"
            for each in code.imports
            if lies_in(each.importer, self.of)
            and not lies_in(each.importer, self.not_of)
            and lies_in(each.imported, self.forbids)
            and not lies_in(each.imported, self.but)
        ]


RULES = (
    # Packages: bot → trainer → models → storage, never back.
    Rule("storage/ imports none of our other packages", ("storage",), OURS, but=("storage",)),
    Rule("migrations/ import only storage/", ("migrations",), OURS, but=("storage", "migrations")),
    Rule("models/ import only storage/", ("models",), OURS, but=("models", "storage")),
    Rule(
        "trainer/ imports only models/ and storage/",
        ("trainer",),
        OURS,
        but=("trainer", "models", "storage"),
    ),
    Rule(
        "bot/ imports no entry point and no test",
        ("bot",),
        ("main", "peoria", "tests", "benchmarks"),
    ),
    Rule(
        "the library needs only what serves",
        ("peoria",),
        ("bot", "trainer", "storage", "main"),
        but=("bot.serving",),
    ),
    Rule(
        "only trainer/ imports TensorFlow or Keras",
        ("bot", "models", "storage", "migrations", "main"),
        HEAVY,
    ),
    Rule(
        "only storage/objects/ imports obstore",
        (*PACKAGES, "main", "peoria"),
        ("obstore",),
        not_of=("storage.objects",),
    ),
    Rule(
        "bot/ needs nothing of the trainer outside cli/ and simulation/",
        ("bot",),
        ("trainer",),
        not_of=("bot.cli", "bot.simulation"),
    ),
    # Rooms of bot/.
    *(
        Rule(
            f"{platform.replace('.', '/')}/ knows no other platform",
            (platform,),
            PLATFORMS,
            but=(platform,),
        )
        for platform in PLATFORMS
    ),
    *(
        Rule(f"{room.replace('.', '/')}/ knows no platform", (room,), PLATFORMS)
        for room in (
            "bot.posts",
            "bot.labels",
            "bot.league",
            "bot.people",
            "bot.serving",
            "bot.training",
            "bot.reports",
            "bot.operations",
            "bot.networks",
            "bot.webhooks",
            "bot.cluster",
        )
    ),
    Rule(
        "what is beside the rooms knows no platform",
        (
            "bot.communities",
            "bot.community_settings",
            "bot.core",
            "bot.jobs",
            "bot.notices",
            "bot.platform",
            "bot.settings",
        ),
        PLATFORMS,
    ),
    Rule(
        "bot/posts/ takes from bot/labels/ only when the next reading is due",
        ("bot.posts",),
        ("bot.labels",),
        but=("bot.labels.readings",),
    ),
    Rule("bot/posts/ holds no wording", ("bot.posts",), ("bot.serving.phrases",)),
    Rule("bot/serving/ moves no post", ("bot.serving",), ("bot.posts", "bot.labels")),
    Rule("bot/reports/ starts no training", ("bot.reports",), ("bot.training",)),
    Rule("nothing but main.py imports bot/cli/", PACKAGES, ("bot.cli",), not_of=("bot.cli",)),
    Rule(
        "nothing but bot/cli/ imports bot/simulation/",
        PACKAGES,
        ("bot.simulation",),
        not_of=("bot.cli", "bot.simulation"),
    ),
    Rule(
        "bot/core.py is for bot/cli/, bot/simulation/, the platforms and bot/app.py",
        PACKAGES,
        ("bot.core",),
        not_of=("bot.cli", "bot.simulation", "bot.app", "bot.networks", *PLATFORMS),
    ),
    Rule(
        "bot/app.py is for bot/cli/ and bot/simulation/",
        PACKAGES,
        ("bot.app",),
        not_of=("bot.cli", "bot.simulation"),
    ),
    Rule("bot/runtime/ imports nothing of ours", ("bot.runtime",), OURS, but=("bot.runtime",)),
    Rule(
        "bot/serving/ imports neither bot/training/ nor bot/core.py",
        ("bot.serving",),
        ("bot.training", "bot.core"),
    ),
    Rule(
        "bot/league/ takes only phrases and number formats from bot/serving/",
        ("bot.league",),
        ("bot.serving",),
        but=("bot.serving.phrases", "bot.serving.number_format"),
    ),
    Rule(
        "bot/labels/ reads no model file",
        ("bot.labels",),
        ("models.registry", "models.head", "models.backbone"),
    ),
    Rule(
        "bot/operations/ is for bot/cli/, bot/app.py, bot/jobs.py and imports by the platforms",
        PACKAGES,
        ("bot.operations",),
        not_of=(
            "bot.operations",
            "bot.cli",
            "bot.app",
            "bot.jobs",
            "bot.reddit.backfill",
            "bot.discord.history",
            "bot.networks.history",
        ),
    ),
    Rule(
        "bot/cluster/ carries batches, and knows no post, no label and no database",
        ("bot.cluster",),
        ("bot", "storage", "sqlalchemy"),
        but=("bot.cluster", "bot.runtime", "bot.serving"),
    ),
    Rule(
        "Ray is known to bot/cluster/, trainer/cluster/ and models/ray_cluster.py only",
        PACKAGES,
        ("ray",),
        not_of=("bot.cluster", "trainer.cluster", "models.ray_cluster"),
    ),
    Rule("bot/cli/ holds no SQL", ("bot.cli",), ("sqlalchemy",)),
    Rule("bot/reports/ opens no database", ("bot.reports",), ("storage.engine", "storage.files")),
    # Rooms of trainer/.
    Rule(
        "trainer/head/ needs no database and no files",
        ("trainer.head",),
        ("storage", "sqlalchemy", "trainer.data"),
    ),
    Rule("trainer/data/ fits nothing", ("trainer.data",), ("trainer",), but=("trainer.data",)),
    Rule(
        "trainer/evaluation/gate.py is pure",
        ("trainer.evaluation.gate",),
        (*OURS, "sqlalchemy", "os", "pathlib", "io", "datetime"),
    ),
    Rule("trainer/refit/ fits no backbone", ("trainer.refit",), ("trainer.backbone",)),
    Rule(
        "trainer/studies/ serve nobody but bot/cli/",
        PACKAGES,
        ("trainer.studies",),
        not_of=("trainer.studies", "bot.cli"),
    ),
    # Rooms of storage/ and models/.
    Rule(
        "models/ keep nothing but model files",
        ("models",),
        ("storage", "aiohttp", "aiosqlite"),
        but=(
            "storage.errors",
            "storage.files.atomic",
            "storage.tables",
            "storage.engine.core_tables",
        ),
    ),
    Rule(
        "storage/tables/ import nothing of ours but types",
        ("storage.tables",),
        OURS,
        but=("storage.tables", "storage.types"),
    ),
    Rule(
        "storage/engine/ knows no query and no post",
        ("storage.engine",),
        ("storage.queries", "storage.files", "storage.tables"),
        but=("storage.tables.base",),
    ),
    Rule("storage/queries/ open no session", ("storage.queries",), ("storage.engine.database",)),
    Rule(
        "storage/files/ know no database",
        ("storage.files",),
        ("storage.engine", "storage.queries", "sqlalchemy"),
    ),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.says)
def test_rooms_import_what_they_may(rule: Rule, peoria: Codebase) -> None:
    broken = rule.broken_by(peoria)
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.says)
def test_a_planted_import_would_be_noticed(rule: Rule, peoria: Codebase) -> None:
    """Each rule, by a module that breaks it; and each rule is about modules that there are."""
    room = next(room for room in rule.of if not lies_in(room, rule.not_of))
    wrong = next(name for name in rule.forbids if not lies_in(name, (*rule.but, room)))
    module = f"{room}.planted"
    code = peoria.with_module(module, f"def later():\n    import {wrong}\n")
    assert rule.broken_by(code) == [
        *rule.broken_by(peoria),
        f"{module.replace('.', '/')}.py:2 imports {wrong}, but {rule.says}",
    ]
    for name in (*rule.of, *rule.not_of, *rule.but):
        assert name in peoria.files, f"{name} of the rule that {rule.says} is not there any more"


def room_of(module: str, peoria: Codebase) -> str:
    """The folder that a module lies in; modules beside the folders are rooms of their own."""
    parts = module.split(".")
    if len(parts) == 2 and peoria.files[module].endswith("__init__.py"):
        return module
    return ".".join(parts[:2])


def rooms(peoria: Codebase) -> dict[str, set[str]]:
    """What each room imports of the others."""
    found: dict[str, set[str]] = {}
    for module, imported in peoria.graph().items():
        room = room_of(module, peoria)
        found.setdefault(room, set()).update({room_of(each, peoria) for each in imported} - {room})
    return found


def test_no_modules_import_each_other_in_a_circle(peoria: Codebase) -> None:
    assert circles(peoria.graph()) == []


def test_no_rooms_import_each_other_in_a_circle(peoria: Codebase) -> None:
    assert circles(rooms(peoria)) == []


def test_a_circle_would_be_noticed(peoria: Codebase) -> None:
    graph = {"a": {"b", "d"}, "b": {"c"}, "c": {"a"}, "d": set(), "e": {"a", "e"}}
    assert circles(graph) == [["a", "b", "c"]]
    planted = peoria.with_module("bot.runtime.planted", "import bot.app").graph()
    planted["bot.runtime.clock"].add("bot.runtime.planted")
    (modules,) = circles(planted)
    assert {"bot.runtime.planted", "bot.runtime.clock", "bot.app"} <= set(modules)


@pytest.mark.parametrize("room", [*PLATFORMS, "bot.cli", "bot.reports", "bot.training"])
def test_rows_of_posts_and_labels_are_written_in_their_own_rooms(
    room: str, peoria: Codebase
) -> None:
    assert rows_of_posts(peoria, room) == []


@pytest.mark.parametrize(
    "statement", ["session.add(Reply(post_id=1))", "update(Post).values(title='')", "delete(Label)"]
)
def test_a_planted_row_would_be_noticed(statement: str, peoria: Codebase) -> None:
    code = peoria.with_module("bot.web.planted", f"select(Post)\n{statement}\n")
    (found,) = rows_of_posts(code, "bot.web")
    assert found.startswith("bot/web/planted.py:2 ")


def test_reports_write_nothing(peoria: Codebase) -> None:
    assert writes(peoria, "bot.reports") == []


@pytest.mark.parametrize(
    "statement",
    [
        "session.add(notice)", "self._database.write()", "await session.execute(update(Post))",
        "community.paused_at = now", "await insert_if_new(session, Notice)",
    ],
)  # fmt: skip
def test_a_planted_write_would_be_noticed(statement: str, peoria: Codebase) -> None:
    source = f"async def planted(self):\n    {statement}\n    self.x = seen.add(1)\n"
    (found,) = writes(peoria.with_module("bot.reports.planted", source), "bot.reports.planted")
    assert found.startswith("bot/reports/planted.py:2 ")


@pytest.mark.parametrize(
    "module", ["main", "bot.app", "trainer.evaluation.gate", "trainer.data.splits"]
)
def test_what_serves_or_judges_reaches_no_tensorflow(module: str, peoria: Codebase) -> None:
    """Neither by itself nor through anything that it imports."""
    assert not peoria.reached(module) & {*HEAVY, "ray"}


def test_what_is_reached_would_be_noticed(peoria: Codebase) -> None:
    code = peoria.with_module("bot.planted", "import trainer.head.network")
    assert "keras" in code.reached("bot.planted") | code.reached("trainer.backbone.export")
    assert {"sqlalchemy", "numpy"} <= peoria.reached("bot.app")


def test_nothing_is_printed(peoria: Codebase) -> None:
    """Output goes through bot/cli/console.py, everything else through logging."""
    wrong = [
        f"{peoria.files[module]}:{node.lineno}"
        for module, tree in peoria.trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "pprint.pprint")
    ]
    assert wrong == []


def test_no_room_is_called_utils(peoria: Codebase) -> None:
    banned = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert [module for module in peoria.files if banned & {*module.split(".")}] == []


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
            core.serving, [str(picture)], downloader=core.downloader, title="", clock=core.clock,
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


def test_the_running_bot_never_imports_tensorflow(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(images.encode(images.photo(), "PNG"))
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{RUNNING}"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    modules = set(done.stdout.splitlines()[-1].split())
    assert {"bot", "aiohttp", "ai_edge_litert"} <= modules
    assert not {*HEAVY} & modules
    # Neither do these belong into a process that serves.
    assert not {"matplotlib", "scipy", "sklearn", "lightgbm", "ray"} & modules


def test_timers_go_by_the_monotonic_clock(peoria: Codebase) -> None:
    """discord.py's loops go by the time of day: bot/runtime/periodic.py takes their place."""
    found = [
        node
        for module, tree in peoria.trees.items()
        if lies_in(module, ["bot"])
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and "discord.ext.tasks" in {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
    ]
    assert found == []
