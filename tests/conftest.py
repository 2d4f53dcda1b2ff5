"""What every test stands on: nobody's settings, and a data folder of its own."""

import asyncio
import gc
import logging
import os
import shutil
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from types import CodeType

import hypothesis
import jinja2
import pytest
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

from bot.app import App, build
from bot.core import Core, open_core
from bot.settings import ENV_PREFIX, Settings
from storage.engine.database import Database
from storage.types import PlatformName
from tests.fakes.clock import FakeClock
from tests.fakes.object_store import FakeObjectStore, fake_object_store
from tests.fakes.platform import FakePlatform
from tests.fixtures import made_once, postgresql
from tests.fixtures.files_read_once import FilesReadOnce
from tests.fixtures.reused_database import ReusedDatabase

# No test is a timed test, and a busy machine is no finding.
# The same examples every time, so that a change is judged by what it changed. To look for new
# ones: make test PYTEST_ARGS=--hypothesis-profile=explore
hypothesis.settings.register_profile("peoria", deadline=None, max_examples=60, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("peoria")


#: Tests below these folders that use a database run on SQLite, and on PostgreSQL if there is one.
ON_BOTH = ("tests/storage", "tests/bot", "tests/boundaries", "tests/models", "tests/trainer")
#: Except below these: a platform or a command meets the same database code again.
SQLITE_ONLY = tuple(
    f"tests/bot/{room}" for room in ("cli", "discord", "reddit", "simulation", "web")
)

#: Left out by `make test-quick`: what lies below trains a real model, starts processes and kills
#: them, or plays days of a community. Chosen by their measured durations.
SLOW = (
    "tests/bot/cli/test_failing_commands.py",
    "tests/bot/cli/test_restore.py",
    "tests/bot/cli/test_retrain.py",
    "tests/bot/cli/test_train.py",
    "tests/bot/posts/test_killed.py",
    "tests/bot/posts/test_poison.py",
    "tests/bot/reddit/test_day.py",
    "tests/bot/serving/test_picture_pool.py",
    "tests/bot/simulation/test_simulation.py",
    "tests/bot/web/test_journeys.py",
    "tests/docs/test_notebook.py",
    "tests/storage/engine/test_earlier_schemas.py",
    "tests/trainer/backbone",
    "tests/trainer/evaluation/test_cross_fit.py",
    "tests/trainer/head/test_fit.py",
    "tests/trainer/refit",
    "tests/trainer/studies",
)
#: Left out as well: tests below these folders that use the fixture, a whole platform that listens.
SLOW_FIXTURES = {
    "tests/bot/discord": "fake",
    "tests/bot/reddit": "reddit",
    "tests/bot/web": "board",
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Asked once for each of some hundred files, not for each of thousands of tests.
    slow_files: set[Path] = set()
    slow_fixtures: dict[Path, set[str]] = {}
    for path in {item.path for item in items}:
        file = path.relative_to(config.rootpath)
        if _below(file, SLOW):
            slow_files.add(path)
        slow_fixtures[path] = {
            fixture for folder, fixture in SLOW_FIXTURES.items() if file.is_relative_to(folder)
        }
    if hasattr(config, "workerinput"):
        # Several processes share the files: long ones first, so that all end at the same time.
        items.sort(key=lambda item: item.path not in slow_files)
    for item in items:
        if (
            item.path in slow_files
            or item.get_closest_marker("tensorflow") is not None
            or not slow_fixtures[item.path].isdisjoint(getattr(item, "fixturenames", ()))
        ):
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    # All that collecting makes stays: looking for garbage meanwhile was a fifth of what it took.
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    # Two million objects of modules and tests stay until the end: no need to look for garbage
    # among them again and again, which took a sixteenth of the processor time of all tests.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    file = metafunc.definition.path.relative_to(metafunc.config.rootpath)
    on_both = _below(file, ON_BOTH) and not _below(file, SQLITE_ONLY)
    sqlite_only = metafunc.definition.get_closest_marker("sqlite") is not None
    uses_one = "database_url" in metafunc.fixturenames
    if postgresql.SERVER and uses_one and on_both and not sqlite_only:
        metafunc.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


def _below(file: Path, folders: tuple[str, ...]) -> bool:
    return any(file.is_relative_to(folder) for folder in folders)


def pytest_report_header() -> str:
    if postgresql.SERVER:
        return "PostgreSQL: tests that use a database run on it, too"
    return f"PostgreSQL: left out; {postgresql.VARIABLE} names no server to run tests on, too"


def pytest_configure(config: pytest.Config) -> None:
    gone = [each for each in SLOW if not (config.rootpath / each).exists()]
    if gone:
        raise pytest.UsageError(f"SLOW in tests/conftest.py names what is not there: {gone}")
    config.addinivalue_line("markers", "slow: takes seconds; make test-quick leaves it out")
    config.addinivalue_line("markers", "tensorflow: starts a real training process; takes a while")
    config.addinivalue_line("markers", "sqlite: of SQLite's own ways; does not run on PostgreSQL")


@event.listens_for(Engine, "connect")
def return_unordered_rows_backwards(connection: DBAPIConnection, _: object) -> None:
    # PostgreSQL returns them in the order of their storage nearly always, and in another one once
    # in some thousand runs. Here what goes by it fails each time.
    if "sqlite" in type(connection).__module__:
        cursor = connection.cursor()
        cursor.execute("PRAGMA reverse_unordered_selects = ON")
        cursor.close()


@pytest.fixture(scope="session", autouse=True)
def nobodys_environment() -> Iterator[None]:
    """The developer's own PEORIA_ variables do not reach a test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [*os.environ]:
            if name.upper().startswith(ENV_PREFIX):
                patch.delenv(name)
        # Each of thousands of tests would start a process to read a picture.
        patch.setenv("PEORIA_PICTURE_PROCESSES", "0")
        yield


@pytest.fixture(scope="session", autouse=True)
def growth_curves_read_once() -> Iterator[None]:
    with made_once.growth_curves_read_once():
        yield


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once() -> Iterator[None]:
    """A board's templates are the same in every test, and compiling them takes long."""
    with pytest.MonkeyPatch.context() as patch:
        compiled: dict[tuple[str, str | None], CodeType] = {}
        compile_anew = jinja2.Environment.compile

        def compile_once(
            environment: jinja2.Environment,
            source: str,
            name: str | None = None,
            filename: str | None = None,
        ) -> CodeType:
            key = (source, filename)
            if key not in compiled:
                compiled[key] = compile_anew(environment, source, name, filename)
            return compiled[key]

        patch.setattr(jinja2.Environment, "compile", compile_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def statements_compiled_once() -> Iterator[None]:
    with made_once.statements_compiled_once():
        yield


@pytest.fixture(scope="session")
def files_read_once() -> Iterator[FilesReadOnce]:
    with made_once.files_read_once() as read:
        yield read


@pytest.fixture(scope="session", autouse=True)
def heads_read_once(files_read_once: FilesReadOnce) -> Iterator[None]:
    with made_once.heads_read_once(files_read_once):
        yield


@pytest.fixture(autouse=True)
def empty_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's own .env and data folder do not reach a test."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A test that sets logging up does not write into the next one's output."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as the first start leaves it: migrated, with a first champion. Copy it."""
    folder = tmp_path_factory.mktemp("first_start") / "data"

    async def start() -> None:
        async with open_core(Settings(_env_file=None, data_dir=folder)):  # type: ignore[call-arg]
            pass

    asyncio.run(start())
    return folder


@pytest.fixture
def data_dir(tmp_path: Path, first_start: Path) -> Path:
    """A data folder of the test's own, after its first start."""

    def copy(source: str, target: str) -> None:
        # Megabytes that no test writes into: one that damages a backbone replaces the file.
        if Path(source).parent.parent.name == "backbones":
            os.link(source, target)
        else:
            shutil.copy2(source, target)

    return Path(shutil.copytree(first_start, tmp_path / "data", copy_function=copy))


@pytest.fixture(scope="session")
def first_start_postgresql(
    first_start: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The database of a first start, on PostgreSQL. Copy it."""
    folder = shutil.copytree(first_start, tmp_path_factory.mktemp("postgresql") / "data")

    async def start(url: str) -> None:
        settings = Settings(_env_file=None, data_dir=folder, database_url=url)  # type: ignore[call-arg]
        async with open_core(settings):
            pass

    with postgresql.made_database() as url:
        asyncio.run(start(url))
        postgresql.count_authors_from(url, 1000)
        yield url


@pytest.fixture(scope="session")
def reused_postgresql(first_start_postgresql: str) -> Iterator[ReusedDatabase]:
    """The PostgreSQL database that one test after another gets."""
    reused = ReusedDatabase(first_start_postgresql)
    yield reused
    reused.close()


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The URL of a PostgreSQL database after its first start; None: SQLite in the data folder."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield None
        return
    reused: ReusedDatabase = request.getfixturevalue("reused_postgresql")
    with reused.lent() as url:
        yield url


@pytest.fixture(scope="session")
def default_settings(nobodys_environment: None) -> Settings:
    """What is set where nobody set anything. Copy it: reading them takes long."""
    return Settings(_env_file=None)  # type: ignore[call-arg]


@pytest.fixture
def settings(default_settings: Settings, data_dir: Path, database_url: str | None) -> Settings:
    """The defaults, on the test's own data folder; nothing is silent, any port will do.

    Most tests look at one post: its outcome is told at once, and waits for no others.
    """
    own = {"data_dir": data_dir, "database_url": database_url, "web_port": 0}
    return default_settings.model_copy(update=own | {"silent_share": 0.0, "scores_to_compare": 1})


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still until it is moved."""
    return FakeClock()


@pytest.fixture
async def database(data_dir: Path, database_url: str | None) -> AsyncIterator[Database]:
    """A migrated database, with a champion and nothing else in it."""
    database = Database(database_url or f"sqlite+aiosqlite:///{data_dir / 'peoria.db'}")
    yield database
    await database.close()


@pytest.fixture
async def core(settings: Settings, clock: FakeClock) -> AsyncIterator[Core]:
    """What every command works with."""
    async with open_core(settings, clock=clock) as core:
        yield core


@pytest.fixture
def platform(clock: FakeClock) -> FakePlatform:
    """A platform whose people and votes the test decides on."""
    return FakePlatform(clock)


@pytest.fixture
def app(core: Core, platform: FakePlatform) -> App:
    """The whole of Peoria, not listening, with the fake platform as its Reddit."""
    app = build(core)
    app.platforms[PlatformName.REDDIT] = platform
    return app


@pytest.fixture(scope="session")
def object_store_server() -> Iterator[FakeObjectStore]:
    with fake_object_store() as server:
        yield server


@pytest.fixture
def object_store(
    object_store_server: FakeObjectStore, monkeypatch: pytest.MonkeyPatch
) -> FakeObjectStore:
    """An empty S3 on 127.0.0.1, whose keys are in the environment."""
    object_store_server.reset()
    for name, value in object_store_server.environment.items():
        monkeypatch.setenv(name, value)
    return object_store_server
