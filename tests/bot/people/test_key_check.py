"""A database goes with one key of people's hashes."""

import asyncio
import shutil
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.core import open_core
from bot.people.key_check import PeopleKeyRefused, adopt_key, known_fingerprint, open_people_key
from bot.settings import Settings
from storage.engine.database import Database


async def test_a_second_host_with_a_key_of_its_own_is_refused(
    database: Database, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    await database.run_write(lambda s: s.connection().exec_driver_sql("DELETE FROM installation"))
    key = await open_people_key(database, first, None)
    with pytest.raises(PeopleKeyRefused, match="missing here") as caught:
        await open_people_key(database, second, None)
    assert str(second / "people.key") in str(caught.value)
    # No key is made that would have to be told from the right one.
    assert not second.exists()
    with pytest.raises(PeopleKeyRefused, match="not the one here"):
        await open_people_key(database, second, SecretStr("another"))
    second.mkdir()
    shutil.copy(first / "people.key", second)
    assert await open_people_key(database, second, None) == key
    assert await open_people_key(database, second, SecretStr(key.decode())) == key


async def test_of_two_first_starts_at_once_one_is_the_first(
    database: Database, tmp_path: Path
) -> None:
    await database.run_write(lambda s: s.connection().exec_driver_sql("DELETE FROM installation"))
    results = await asyncio.gather(
        *(open_people_key(database, tmp_path / name, None) for name in "abc"),
        return_exceptions=True,
    )
    kinds = sorted(type(each).__name__ for each in results)
    assert kinds == ["PeopleKeyRefused", "PeopleKeyRefused", "bytes"]


async def test_a_lost_key_can_be_given_up_on_purpose(database: Database, tmp_path: Path) -> None:
    with pytest.raises(PeopleKeyRefused):
        await open_people_key(database, tmp_path, None)
    assert await adopt_key(database, tmp_path, None)
    assert not await adopt_key(database, tmp_path, None)
    assert await open_people_key(database, tmp_path, None)


async def test_what_is_kept_says_nothing_of_the_key(database: Database, data_dir: Path) -> None:
    known = await database.run_read(known_fingerprint)
    key = (data_dir / "people.key").read_text().strip()
    assert known is not None
    assert key not in known


async def test_a_start_without_its_key_is_refused(settings: Settings) -> None:
    """An empty one, as a full disk leaves it, is none."""
    key = settings.data_dir / "people.key"
    for damage in (lambda: key.write_text("\n"), key.unlink):
        damage()
        with pytest.raises(PeopleKeyRefused, match="missing here"):
            async with open_core(settings):
                pass
