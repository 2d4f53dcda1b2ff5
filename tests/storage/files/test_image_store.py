import hashlib
import os
import resource
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.files.atomic import write_folder
from storage.files.image_store import ImageStore

ROOT = Path(__file__).parents[3]
#: Largest file that a process on the full disk can write, bytes.
FULL = 64 * 1024

#: Run on a full disk: says what went wrong, or nothing.
PUT = """
import sys
from pathlib import Path
from storage.files.image_store import ImageStore
store = ImageStore(Path(sys.argv[1]))
try:
    store.put(bytes(1_000_000))
except OSError as error:
    print(type(error).__name__, error.errno)
small = store.put(b"small")
assert store.get(small) == b"small"
"""

WRITE_FOLDER = """
import sys
from pathlib import Path
from storage.files.atomic import write_folder
def fill(folder):
    (folder / "small").write_bytes(b"small")
    (folder / "sub").mkdir()
    (folder / "sub" / "large").write_bytes(bytes(1_000_000))
try:
    write_folder(Path(sys.argv[1]) / "version", fill)
except OSError as error:
    print(type(error).__name__, error.errno)
"""

#: Writes without end until it is killed.
PUT_FOR_EVER = """
import itertools, sys
from pathlib import Path
from storage.files.image_store import ImageStore
store = ImageStore(Path(sys.argv[1]))
print("ready", flush=True)
for number in itertools.count():
    store.put(number.to_bytes(4) * 50_000)
"""


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def on_a_full_disk(program: str, folder: Path) -> str:
    """Run ``program`` where no file can grow beyond `FULL`; what it printed."""

    def fill_disk() -> None:
        # Without this the kernel kills the writer instead of failing the write.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (FULL, FULL))

    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program, str(folder)],
        cwd=ROOT, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, preexec_fn=fill_disk,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(data=st.binary(max_size=5000))
def test_bytes_are_found_by_their_hash(store: ImageStore, data: bytes) -> None:
    sha256 = store.put(data)
    assert sha256 == hashlib.sha256(data).hexdigest()
    assert store.get(sha256) == data
    assert store.path(sha256).name == sha256


def test_the_same_bytes_twice_are_one_file(store: ImageStore) -> None:
    first = store.put(b"a picture")
    touched = store.path(first).stat().st_mtime_ns
    assert store.put(b"a picture") == first
    assert store.path(first).stat().st_mtime_ns == touched
    assert files(store.root) == [store.path(first)]


def test_threads_that_put_the_same_bytes_leave_one_file(store: ImageStore) -> None:
    data = os.urandom(500_000)
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(store.put, [data] * 32))
    assert len(names) == 1
    assert files(store.root) == [store.path(names.pop())]


def test_what_was_never_stored_is_not_found(store: ImageStore) -> None:
    with pytest.raises(FileNotFoundError):
        store.get("0" * 64)


def test_dropping_is_for_good_and_can_be_repeated(store: ImageStore) -> None:
    sha256 = store.put(b"a picture")
    store.drop(sha256)
    store.drop(sha256)
    with pytest.raises(FileNotFoundError):
        store.get(sha256)
    assert store.put(b"a picture") == sha256
    assert store.get(sha256) == b"a picture"


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    assert on_a_full_disk(PUT, tmp_path).startswith("OSError")
    assert [path.read_bytes() for path in files(tmp_path)] == [b"small"]


def test_a_full_disk_leaves_no_half_written_folder(tmp_path: Path) -> None:
    assert on_a_full_disk(WRITE_FOLDER, tmp_path).startswith("OSError")
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_is_never_flushed_leaves_nothing(
    store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        store.put(b"a picture")
    assert files(store.root) == []


def test_a_killed_writer_leaves_only_whole_files(tmp_path: Path) -> None:
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", PUT_FOR_EVER, str(tmp_path)],
        cwd=ROOT, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    while len(named := [each for each in files(tmp_path) if each.name[0] != "."]) < 20:
        assert process.poll() is None
    process.kill()
    process.wait()
    process.stdout.close()
    for path in files(tmp_path):
        if path.name[0] != ".":
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    assert named


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "versions" / "v1"

    def fill(folder: Path) -> None:
        assert not target.exists()
        (folder / "head.npz").write_bytes(b"numbers")
        (folder / "sub").mkdir()
        (folder / "sub" / "report.md").write_text("# Report\n")

    write_folder(target, fill)
    assert [path.relative_to(target).as_posix() for path in files(target)] == [
        "head.npz",
        "sub/report.md",
    ]
    assert target.stat().st_mode & 0o777 == 0o755
    assert list(target.parent.iterdir()) == [target]


def test_a_folder_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "v1").mkdir()
    with pytest.raises(FileExistsError):
        write_folder(tmp_path / "v1", lambda folder: None)


@pytest.mark.parametrize("failure", [OSError("full"), ValueError("wrong"), KeyboardInterrupt()])
def test_a_folder_that_fails_leaves_nothing(tmp_path: Path, failure: BaseException) -> None:
    def fill(folder: Path) -> None:
        (folder / "head.npz").write_bytes(b"numbers")
        raise failure

    with pytest.raises(type(failure)):
        write_folder(tmp_path / "versions" / "v1", fill)
    assert list((tmp_path / "versions").iterdir()) == []


@pytest.mark.parametrize("damage", [b"", b"a pic", b"b picture", b"a picture and more"])
def test_a_damaged_file_counts_as_not_there_and_is_mended(store: ImageStore, damage: bytes) -> None:
    sha256 = store.put(b"a picture")
    store.path(sha256).write_bytes(damage)
    with pytest.raises(FileNotFoundError, match="damaged"):
        store.get(sha256)
    assert store.put(b"a picture") == sha256
    assert store.get(sha256) == b"a picture"
    assert files(store.root) == [store.path(sha256)]
