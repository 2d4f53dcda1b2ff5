"""Images in an object store: moto's S3 on 127.0.0.1, well and with faults."""

import hashlib
import os
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.engine.faults import storage_fault
from storage.files.image_store import Flaw, ImageDamaged
from storage.objects.cache import LONGEST, ImageCache
from storage.objects.faults import ObjectStoreFault
from storage.objects.image_place import ImagePlace
from storage.objects.object_store import Patience
from storage.objects.remote_image_store import RemoteImageStore
from tests.fakes.object_store import KEYS, FakeObjectStore, Fault

URL = "s3://pictures/peoria"
#: Short pauses; a machine that is busy has time all the same.
QUICK = Patience(seconds=30.0, tries_again=3, first_pause=0.01, longest_pause=0.05)
HASTY = replace(QUICK, seconds=0.3)
PICTURE = b"a picture"
NAME = hashlib.sha256(PICTURE).hexdigest()
KEY = f"peoria/images/{NAME[:2]}/{NAME}"
PUBLIC_KEY = f"peoria/public/{NAME[:2]}/{NAME}"


def open_at(folder: Path, url: str = URL, patience: Patience = QUICK) -> RemoteImageStore:
    found = ImagePlace(folder, url, cache_bytes=10_000, max_bytes=5_000).open(patience=patience)
    assert isinstance(found, RemoteImageStore)
    return found


@pytest.fixture
def store(object_store: FakeObjectStore, tmp_path: Path) -> RemoteImageStore:
    return open_at(tmp_path / "here")


@pytest.fixture
def elsewhere(object_store: FakeObjectStore, tmp_path: Path) -> RemoteImageStore:
    return open_at(tmp_path / "elsewhere")


def test_what_one_machine_stores_another_reads(
    store: RemoteImageStore, elsewhere: RemoteImageStore, object_store: FakeObjectStore
) -> None:
    assert store.put(PICTURE) == NAME
    assert object_store.objects() == {KEY: PICTURE}
    assert elsewhere.get(NAME) == PICTURE
    assert elsewhere.local(NAME).read_bytes() == PICTURE
    object_store.requests.clear()
    assert elsewhere.get(NAME) == PICTURE
    assert store.put(PICTURE) == NAME
    assert object_store.requests == []


def test_an_image_that_is_there_is_not_written_over(
    store: RemoteImageStore, elsewhere: RemoteImageStore, object_store: FakeObjectStore
) -> None:
    with ThreadPoolExecutor(4) as pool:
        names = {*pool.map(store.put, [PICTURE] * 4), *pool.map(elsewhere.put, [PICTURE] * 4)}
    assert names == {NAME}
    assert object_store.objects() == {KEY: PICTURE}
    (stored,) = store.stored()
    assert (stored.name, stored.bytes) == (NAME, len(PICTURE))
    assert abs(datetime.now(UTC) - stored.modified) < timedelta(hours=1)


def test_what_was_never_stored_is_not_found(store: RemoteImageStore) -> None:
    with pytest.raises(FileNotFoundError):
        store.get("0" * 64)
    assert store.flaw("0" * 64) is Flaw.MISSING


def test_dropping_takes_image_public_copy_and_copy_here(
    store: RemoteImageStore, object_store: FakeObjectStore
) -> None:
    store.put(PICTURE)
    store.public_url(NAME, seconds=60, make=lambda: (b"public", "image/png"))
    assert set(object_store.objects()) == {KEY, PUBLIC_KEY}
    store.drop(NAME)
    store.drop(NAME)
    assert object_store.objects() == {}
    assert list(store.files()) == []
    with pytest.raises(FileNotFoundError):
        store.get(NAME)
    assert store.put(PICTURE) == NAME
    assert object_store.objects() == {KEY: PICTURE}
    store.public_url(NAME, seconds=60, make=lambda: (b"public", "image/png"))
    assert set(object_store.objects()) == {KEY, PUBLIC_KEY}


def test_what_is_not_ours_is_neither_listed_nor_dropped(
    store: RemoteImageStore, object_store: FakeObjectStore
) -> None:
    for key in ("images/holiday.jpg", "notes.txt", f"peoria/images/zz/{NAME}", "peoria/images/x"):
        object_store.put(key, b"somebody's")
    assert list(store.stored()) == []


def test_an_object_that_is_lost_at_once_is_sent_again(
    store: RemoteImageStore, object_store: FakeObjectStore
) -> None:
    object_store.faults.append(Fault("PUT", lose=True, times=2))
    assert store.put(PICTURE) == NAME
    assert object_store.objects() == {KEY: PICTURE}
    object_store.faults[:] = [Fault("PUT", lose=True)]
    with pytest.raises(ObjectStoreFault, match="does not keep what is written"):
        store.put(b"another")


def test_an_object_that_was_lost_later_is_mended_from_the_copy_here(
    store: RemoteImageStore, elsewhere: RemoteImageStore, object_store: FakeObjectStore
) -> None:
    store.put(PICTURE)
    object_store.lose(KEY)
    assert not elsewhere.mend(NAME)
    assert store.get(NAME) == PICTURE
    assert store.mend(NAME)
    assert object_store.objects() == {KEY: PICTURE}


@pytest.mark.parametrize("damage", [b"", b"a pic", b"b picture", b"a picture and more"])
def test_a_damaged_object_is_no_image_and_is_mended_when_it_comes_again(
    store: RemoteImageStore, object_store: FakeObjectStore, damage: bytes
) -> None:
    object_store.put(KEY, damage)
    with pytest.raises(ImageDamaged):
        store.get(NAME)
    assert store.flaw(NAME) is Flaw.CHANGED
    assert store.put(PICTURE) == NAME
    assert object_store.objects() == {KEY: PICTURE}


@pytest.mark.parametrize(
    "fault", [Fault("GET", damage=True, times=2), Fault("GET", cut=True, times=2)]
)
def test_an_answer_that_arrives_damaged_is_asked_for_again(
    store: RemoteImageStore,
    elsewhere: RemoteImageStore,
    object_store: FakeObjectStore,
    fault: Fault,
) -> None:
    store.put(PICTURE)
    object_store.faults.append(fault)
    assert elsewhere.get(NAME) == PICTURE


def test_no_more_than_the_cap_is_read(
    store: RemoteImageStore, object_store: FakeObjectStore
) -> None:
    large = os.urandom(5_001)
    name = hashlib.sha256(large).hexdigest()
    object_store.put(f"peoria/images/{name[:2]}/{name}", large)
    with pytest.raises(ImageDamaged):
        store.get(name)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Fault("ANY", status=403, code="AccessDenied"), "keys may not do this .* Give them the"),
        (Fault("ANY", status=403, code="RequestTimeTooSkewed"), "clock. Set the clock"),
        (Fault("ANY", status=403, code="InvalidAccessKeyId"), "does not know the keys"),
        (Fault("ANY", status=404, code="NoSuchBucket"), "There is no object store s3://pictures"),
        (Fault("ANY", status=404, code="Gone"), "What answers at the address .* is none"),
        (Fault("ANY", status=503), "too busy .503.. It is tried again"),
        (Fault("ANY", status=500), "fails .500.. It is tried again"),
    ],
)
def test_whatever_is_wrong_is_a_sentence_without_secrets(
    store: RemoteImageStore,
    object_store: FakeObjectStore,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    sentence: str,
) -> None:
    object_store.faults.append(fault)
    calls: list[Callable[[], object]] = [
        lambda: store.put(PICTURE), lambda: store.get(NAME), lambda: store.drop(NAME),
        lambda: list(store.stored()),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(ObjectStoreFault, match=sentence) as raised:
            call()
        said = storage_fault(raised.value)
        assert said is not None
        assert str(raised.value).endswith(said.advice)
        shown = str(raised.value) + repr(raised.value) + caplog.text
        assert not any(secret in shown for secret in list(KEYS.values())[:2])
    object_store.faults.clear()
    assert store.put(PICTURE) == NAME
    assert store.get(NAME) == PICTURE


def test_a_failure_that_passes_is_not_noticed(
    store: RemoteImageStore, object_store: FakeObjectStore
) -> None:
    object_store.faults.append(Fault("PUT", status=503, times=2))
    object_store.faults.append(Fault("HEAD", status=500, times=1))
    assert store.put(PICTURE) == NAME
    assert object_store.objects() == {KEY: PICTURE}


def test_one_that_is_very_slow_is_told(object_store: FakeObjectStore, tmp_path: Path) -> None:
    object_store.faults.append(Fault("ANY", slow=2))
    with pytest.raises(ObjectStoreFault, match="cannot be reached, or is very slow"):
        open_at(tmp_path, patience=HASTY).put(PICTURE)


def test_a_server_that_is_gone_is_told(
    object_store: FakeObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(ObjectStoreFault, match="cannot be reached"):
        open_at(tmp_path).put(PICTURE)
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    with pytest.raises(ObjectStoreFault, match="AWS_ALLOW_HTTP=true"):
        open_at(tmp_path).put(PICTURE)


@pytest.mark.parametrize("address", ["", "minio.example.org", "https://"])
def test_an_address_that_is_none_is_told(
    object_store: FakeObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    # The client panics over such, which is no Exception.
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    with pytest.raises(ObjectStoreFault, match="What AWS_ENDPOINT_URL says is no address"):
        open_at(tmp_path)


def test_keys_that_are_missing_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    with pytest.raises(
        ObjectStoreFault, match="keys of the object store az://pictures are missing"
    ):
        open_at(tmp_path, "az://pictures")


def test_a_signed_address_gives_the_public_copy_and_its_type(
    store: RemoteImageStore, elsewhere: RemoteImageStore, object_store: FakeObjectStore
) -> None:
    store.put(PICTURE)
    url = store.public_url(NAME, seconds=60, make=lambda: (b"public", "image/webp"))
    with urllib.request.urlopen(url) as answer:  # noqa: S310
        assert answer.read() == b"public"
        assert answer.headers["Content-Type"] == "image/webp"

    def never() -> tuple[bytes, str]:
        raise AssertionError

    assert KEY not in elsewhere.public_url(NAME, seconds=60, make=never)
    assert {each.is_copy for each in store.stored()} == {False, True}
    # Where one is cleaned away, its image stays: it may be younger.
    store.remove(next(each for each in store.stored() if each.is_copy))
    assert object_store.objects() == {KEY: PICTURE}


def test_a_cache_that_cannot_be_written_stops_nothing(
    object_store: FakeObjectStore, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = open_at(tmp_path / "file" / "cache")
    assert store.put(PICTURE) == NAME
    assert store.get(NAME) == PICTURE


def test_the_cache_is_held_against_hashes_and_keeps_what_was_used_last(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path, max_bytes=1_000)
    data = [bytes([number]) * 300 for number in range(5)]
    names = [hashlib.sha256(each).hexdigest() for each in data]
    for number in range(3):
        cache.add(names[number], data[number])
        moment = cache.path(names[number]).stat().st_mtime - 100 + number
        os.utime(cache.path(names[number]), (moment, moment))
    assert cache.get(names[0]) == data[0]
    cache.add(names[3], data[3])
    assert [number for number in range(4) if cache.get(names[number])] == [0, 2, 3]
    cache.path(names[0]).write_bytes(b"damaged")
    assert cache.get(names[0]) is None
    cache.add(names[4], bytes(1_001))
    assert cache.get(names[4]) is None
    # As after a kill: another process measures what is there, and leaves no half-written file.
    partial = cache.path(names[2]).with_name(".partial-abc")
    partial.write_bytes(b"half")
    os.utime(partial, (1, 1))
    again = ImageCache(tmp_path, max_bytes=500)
    again.add(names[0], data[0])
    assert not partial.exists()
    assert sum(path.stat().st_size for path in tmp_path.glob("??/*")) <= 500
    assert again.get(names[0]) == data[0]


def test_a_copy_is_used_for_a_day_so_that_what_was_erased_elsewhere_goes(
    store: RemoteImageStore, elsewhere: RemoteImageStore
) -> None:
    store.put(PICTURE)
    path = elsewhere.local(NAME)
    store.drop(NAME)
    assert elsewhere.get(NAME) == PICTURE
    moment = path.stat().st_mtime - LONGEST - 1
    os.utime(path, (moment, moment))
    with pytest.raises(FileNotFoundError):
        elsewhere.get(NAME)
    with pytest.raises(FileNotFoundError):
        open_at(elsewhere.root).get(NAME)
    assert not path.exists()
