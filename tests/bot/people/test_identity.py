import multiprocessing
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.people.identity import KEY_FILE, hash_person, read_key
from storage.types import PlatformName

KEY = b"a key"


@given(st.text(max_size=40), st.sampled_from(PlatformName))
def test_a_person_is_64_hexadecimal_digits_always_the_same(
    name: str, platform: PlatformName
) -> None:
    person = hash_person(KEY, platform, name)
    assert re.fullmatch("[0-9a-f]{64}", person)
    assert person == hash_person(KEY, platform, name)
    assert not name or len(name) < 4 or name not in person


@given(st.text(max_size=40), st.binary(min_size=1), st.binary(min_size=1))
def test_without_the_key_nobody_is_recognised(name: str, one: bytes, other: bytes) -> None:
    # An HMAC key is padded with zeros: those at its end do not count.
    if one.rstrip(b"\0") != other.rstrip(b"\0") and max(len(one), len(other)) <= 64:
        assert hash_person(one, PlatformName.WEB, name) != hash_person(
            other, PlatformName.WEB, name
        )


def test_identities_on_two_platforms_never_meet() -> None:
    assert len({hash_person(KEY, platform, "ann") for platform in PlatformName}) == len(
        PlatformName
    )


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    key = read_key(tmp_path / "data", None)
    assert len(key) == 64
    assert read_key(tmp_path / "data", None) == key
    path = tmp_path / "data" / KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == [KEY_FILE]


def test_two_installations_have_two_keys(tmp_path: Path) -> None:
    assert read_key(tmp_path / "a", None) != read_key(tmp_path / "b", None)


def test_a_configured_key_is_used_and_never_written(tmp_path: Path) -> None:
    assert read_key(tmp_path, SecretStr("mine")) == b"mine"
    assert list(tmp_path.iterdir()) == []


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        keys = pool.starmap(read_key, [(tmp_path / str(n), None) for n in range(20)] * 2, 1)
    assert keys[:20] == keys[20:]
    assert len(set(keys)) == 20


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(OSError, match="data"):
        read_key(tmp_path / "data", None)


def test_an_empty_file_is_no_key(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("\n")
    key = read_key(tmp_path, None)
    assert len(key) == 64
    assert read_key(tmp_path, None) == key
