"""Images move from a folder to an object store and back, and nothing is lost on the way."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.operations.move_images import MoveImages, notes_for
from storage.files.image_store import ImageStore
from storage.objects.faults import ObjectStoreFault
from storage.objects.image_place import ImagePlace
from storage.objects.object_store import Patience
from tests.fakes.object_store import FakeObjectStore, Fault

ROOT = Path(__file__).parents[3]
URL = "s3://pictures/moved"
QUICK = Patience(seconds=30.0, tries_again=2, first_pause=0.01, longest_pause=0.05)
PICTURES = [os.urandom(50 + number) for number in range(20)]
MOVE = """
import sys
from pathlib import Path
from bot.operations.move_images import MoveImages, notes_for
from storage.files.image_store import ImageStore
from storage.objects.image_place import ImagePlace
folder = Path(sys.argv[1])
target = ImagePlace(folder / "cache", sys.argv[2], cache_bytes=0).open()
notes = notes_for(folder, sys.argv[2])
MoveImages(ImageStore(folder / "images"), target, notes).run(lambda done, total: None, delete=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> ImageStore:
    store = ImageStore(tmp_path / "images")
    for picture in PICTURES:
        store.put(picture)
    return store


@pytest.fixture
def remote(object_store: FakeObjectStore, tmp_path: Path) -> ImageStore:
    return ImagePlace(tmp_path / "cache", URL, cache_bytes=0).open(patience=QUICK)


def to(remote: ImageStore, folder: ImageStore) -> MoveImages:
    return MoveImages(folder, remote, notes_for(folder.root.parent, URL))


def at(object_store: FakeObjectStore) -> list[bytes]:
    return sorted(object_store.objects().values(), key=len)


def silent(done: int, total: int) -> None:
    assert done <= total


def test_there_and_back(
    folder: ImageStore, remote: ImageStore, object_store: FakeObjectStore, tmp_path: Path
) -> None:
    (folder.root / "aa").mkdir(exist_ok=True)
    (folder.root / "aa" / ".partial-x").write_bytes(b"half")
    looked = to(remote, folder).look()
    assert (looked.images, looked.there) == (20, 0)
    assert object_store.objects() == {}
    steps: list[tuple[int, int]] = []
    moved = to(remote, folder).run(lambda done, total: steps.append((done, total)))
    assert (moved.copied, moved.there, moved.deleted, moved.damaged) == (20, 0, 0, [])
    assert steps == [(number, 20) for number in range(1, 21)]
    assert at(object_store) == PICTURES
    new = folder.put(b"came meanwhile")
    object_store.requests.clear()
    again = to(remote, folder).run(silent, delete=True)
    assert (again.copied, again.there, again.deleted) == (1, 20, 21)
    # What was noted is not read again.
    assert sum(request.startswith("GET /pictures/moved/images") for request in
               object_store.requests) == 1  # fmt: skip
    assert [path.name for path in folder.files()] == [".partial-x"]
    back = ImageStore(tmp_path / "back")
    home = MoveImages(remote, back, tmp_path / "notes").run(silent, delete=True)
    assert (home.copied, home.deleted) == (21, 21)
    assert back.get(new) == b"came meanwhile"
    assert object_store.objects() == {}


def test_what_is_at_the_target_is_believed_only_when_it_was_read(
    folder: ImageStore, remote: ImageStore, object_store: FakeObjectStore
) -> None:
    name = hashlib.sha256(PICTURES[0]).hexdigest()
    object_store.put(f"moved/images/{name[:2]}/{name}", bytes(len(PICTURES[0])))
    moved = to(remote, folder).run(silent, delete=True)
    assert (moved.copied, moved.there) == (20, 0)
    assert at(object_store) == PICTURES


def test_a_damaged_image_is_told_and_left(
    folder: ImageStore, remote: ImageStore, object_store: FakeObjectStore
) -> None:
    name = hashlib.sha256(PICTURES[3]).hexdigest()
    folder.path(name).write_bytes(b"something else")
    moved = to(remote, folder).run(silent, delete=True)
    assert moved.damaged == [str(folder.path(name))]
    assert (moved.copied, moved.deleted) == (19, 19)
    assert folder.path(name).read_bytes() == b"something else"
    assert len(object_store.objects()) == 19


@pytest.mark.parametrize(
    "fault",
    [
        Fault("PUT", lose=True, times=3),
        Fault("PUT", status=503, times=2),
        Fault("GET", within="/images/", cut=True, times=2),
        Fault("GET", within="/images/", damage=True, times=2),
    ],
)
def test_faults_that_pass_are_not_noticed(
    folder: ImageStore, remote: ImageStore, object_store: FakeObjectStore, fault: Fault
) -> None:
    # Each picture is asked for twice before it is given up: the fault hits some of them.
    fault.within = "/images/"
    object_store.faults.append(fault)
    moved = to(remote, folder).run(silent, delete=True)
    assert (moved.copied, moved.deleted) == (20, 20)
    assert at(object_store) == PICTURES


def test_a_fault_that_stays_ends_it_and_deletes_nothing_that_was_not_read_back(
    folder: ImageStore, remote: ImageStore, object_store: FakeObjectStore
) -> None:
    object_store.faults.append(Fault("GET", within="/images/", status=403, code="AccessDenied"))
    with pytest.raises(ObjectStoreFault, match="may not do this"):
        to(remote, folder).run(silent, delete=True)
    assert len(list(folder.files())) == 20
    object_store.faults.clear()
    moved = to(remote, folder).run(silent, delete=True)
    assert moved.deleted == 20
    assert at(object_store) == PICTURES


def test_killed_in_the_middle_it_goes_on(
    folder: ImageStore, remote: ImageStore, object_store: FakeObjectStore
) -> None:
    object_store.faults.append(Fault("HEAD", slow=0.02, times=8))
    object_store.faults.append(Fault("HEAD", slow=60))
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", MOVE, str(folder.root.parent), URL],
        cwd=ROOT, env=os.environ | object_store.environment,
    )  # fmt: skip
    notes, end = notes_for(folder.root.parent, URL), time.monotonic() + 60
    while not (notes.is_file() and notes.read_text().count("\n") >= 4):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)
    process.kill()
    process.wait()
    object_store.faults.clear()
    left = {path.name for path in folder.files()}
    assert left
    assert left | {key.rpartition("/")[2] for key in object_store.objects()} == {
        hashlib.sha256(each).hexdigest() for each in PICTURES
    }
    # A line that was cut short is no name.
    with notes.open("a") as file:
        file.write("abc")
    to(remote, folder).run(silent, delete=True)
    assert list(folder.files()) == []
    assert at(object_store) == PICTURES
