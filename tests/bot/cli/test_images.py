"""main.py images, and what doctor says of an object store."""

import hashlib
import importlib.util
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from bot.settings import Settings
from storage.files.image_store import ImageStore
from tests.bot.cli.conftest import Peoria
from tests.fakes.object_store import KEYS, FakeObjectStore, Fault

URL = "s3://pictures/one"


def test_images_move_to_an_object_store_and_back(
    peoria: Peoria, settings: Settings, object_store: FakeObjectStore
) -> None:
    folder = ImageStore(settings.images_dir)
    name = folder.put(b"a picture")
    looked = peoria("images", "move", "--to", URL, "--dry-run")
    assert "1 images (0.0 MB); 0 of them are there already, 1 would be copied" in looked.out
    assert object_store.objects() == {}
    moved = peoria("images", "move", "--to", URL)
    assert "1 images were copied and read back, 0 were there already." in moved.out
    assert object_store.objects().keys() == {f"one/images/{name[:2]}/{name}", "one/owner"}
    back = peoria("images", "move", "--from", URL, "--to", "elsewhere", "--delete")
    assert "1 were deleted where they were" in back.out
    assert ImageStore(Path("elsewhere")).get(name) == b"a picture"
    again = peoria("images", "move", "--to", "folder")
    assert again.status == 1
    assert "are in" in again.err


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("s3://KEY:SECRET@pictures", "holds more than a bucket and a prefix"),
        ("s3://pictures?key=SECRET", "holds more than a bucket and a prefix"),
        ("https://pictures.example.org", "must be s3://BUCKET/PREFIX"),
    ],
)
def test_an_address_that_cannot_be_used_is_not_repeated(
    peoria: Peoria, monkeypatch: pytest.MonkeyPatch, url: str, sentence: str
) -> None:
    answer = peoria("images", "move", "--to", url)
    assert answer.status == 1
    assert sentence in answer.err
    assert "SECRET" not in answer.err
    monkeypatch.setenv("PEORIA_IMAGES_URL", url)
    answer = peoria("doctor")
    assert answer.status == 1
    assert f"PEORIA_IMAGES_URL: Value error, {sentence}" in answer.err
    assert "SECRET" not in answer.err


def test_an_object_store_of_another_peoria_is_left_alone(
    peoria: Peoria, settings: Settings, object_store: FakeObjectStore
) -> None:
    ImageStore(settings.images_dir).put(b"a picture")
    object_store.put("one/owner", b"somebody else")
    answer = peoria("images", "move", "--to", URL)
    assert answer.status == 1
    assert "s3://pictures/one belongs to another Peoria" in answer.err
    assert object_store.objects() == {"one/owner": b"somebody else"}


@pytest.mark.parametrize(
    ("fault", "state", "sentence"),
    [
        (None, "well", "takes, lists, gives back and deletes an object"),
        (Fault("PUT", status=403, code="AccessDenied"), "trouble", "may not do this"),
        (Fault("PUT", lose=True), "trouble", "does not give back what was just written"),
        (Fault("GET", within="/check/", damage=True), "trouble", "gives back other bytes"),
        (Fault("POST", status=403, code="AccessDenied"), "trouble", "may not do this"),
        (Fault("GET", within="list-type", status=403, code="AccessDenied"), "trouble", "right to"),
        (Fault("PUT", status=403, code="RequestTimeTooSkewed"), "trouble", "Set the clock"),
    ],
)
def test_doctor_tries_the_object_store(
    peoria: Peoria,
    monkeypatch: pytest.MonkeyPatch,
    object_store: FakeObjectStore,
    fault: Fault | None,
    state: str,
    sentence: str,
) -> None:
    monkeypatch.setenv("PEORIA_IMAGES_URL", URL)
    if fault:
        object_store.faults.append(fault)
    answer = peoria("doctor", "--json")
    found = {each["part"]: each for each in answer.data["findings"]}["object store"]
    assert found["state"] == state
    assert sentence in found["sentence"]
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in answer.out
    if fault is None:
        assert object_store.objects() == {}


def test_a_backup_holds_no_images_that_are_in_an_object_store_and_says_so(
    peoria: Peoria,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    object_store: FakeObjectStore,
) -> None:
    ImageStore(settings.images_dir).put(b"a picture")
    assert peoria("backup", "before.tar", "--images").status == 0
    monkeypatch.setenv("PEORIA_IMAGES_URL", URL)
    refused = peoria("backup", "b.tar", "--images")
    assert refused.sentence.startswith("Images are in s3://pictures/one, and are in no backup.")
    made = peoria("backup", "b.tar")
    assert made.status == 0, made.err
    with tarfile.open("b.tar") as archive:
        names = archive.getnames()
        note = archive.extractfile("RESTORE.txt")
        assert note is not None
        assert "Image files are not in it: they are in s3://pictures/one." in note.read().decode()
    assert "peoria.db" in names
    assert any(name.startswith("models/") for name in names)
    assert not any(name.startswith("images/") for name in names)
    restored = peoria("restore", "before.tar")
    assert "main.py images move --from" in restored.out
    moved = peoria("images", "move", "--from", settings.images_dir, "--to", URL)
    assert "1 images were copied" in moved.out


def test_doctor_reads_every_image_in_the_object_store(
    peoria: Peoria,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    object_store: FakeObjectStore,
) -> None:
    names = [hashlib.sha256(data).hexdigest() for data in (b"whole", b"damaged", b"missing")]
    for name, data in zip(names, (b"whole", b"other..", None), strict=True):
        if data is not None:
            object_store.put(f"one/images/{name[:2]}/{name}", data)
    with closing(sqlite3.connect(settings.data_dir / "peoria.db")) as plain, plain:
        for name in names:
            plain.execute(
                "INSERT INTO images (sha256, format, bytes, width, height, phash, stored_at)"
                " VALUES (?, 'PNG', 5, 1, 1, '0000000000000000', '2026-01-01 00:00:00.000000')",
                [name],
            )
    monkeypatch.setenv("PEORIA_IMAGES_URL", URL)
    answer = peoria("doctor", "--deep", "--json")
    found = {each["part"]: each for each in answer.data["findings"]}["images"]
    assert found["state"] == "look"
    assert "Of 3 files 2 are damaged (1 not what was stored, 1 missing)" in found["sentence"]
    assert f"{URL}/images/{names[1][:2]}/{names[1]}" in found["sentence"]


def test_an_object_store_needs_its_extra(peoria: Peoria, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    for module in ("bot.setting_types", "storage.objects.object_store"):
        monkeypatch.setattr(
            f"{module}.find_spec", lambda name: None if name == "obstore" else find(name)
        )
    answer = peoria("images", "move", "--to", URL)
    assert answer.sentence == (
        "That address cannot be used: it needs the extra: pip install 'peoria[objects]'."
    )
    monkeypatch.setenv("PEORIA_IMAGES_URL", URL)
    assert "needs the extra" in peoria("doctor").sentence
