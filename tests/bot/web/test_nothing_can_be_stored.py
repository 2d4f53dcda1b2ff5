"""What visitors are told where the disk is full or the database is gone."""

from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy.exc import OperationalError

from bot.app import App
from bot.web.feed import Feed
from storage.engine.database import Database
from tests.fakes.full_disk import full_database
from tests.fakes.visitor import Visitor


async def test_nothing_is_taken_while_the_database_is_gone(
    ann: Visitor, bob: Visitor, app: App, post_id: int
) -> None:
    file = app.core.settings.data_dir / "peoria.db"
    away = file.rename(file.with_name("away.db"))
    status, content = await ann.post()
    assert status == 503
    assert "the database file is gone" in content["error"]
    status, content = await bob.vote(post_id, 1)
    assert status == 503
    assert "the database file is gone" in content["error"]
    assert str(file) not in content["error"]
    away.rename(file)
    assert (await ann.post())[0] == 201


async def test_a_vote_on_a_full_disk_gets_the_sentence(
    bob: Visitor, post_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = OperationalError("INSERT", {}, full_database())

    @asynccontextmanager
    async def full(_: Database, **__: object):  # type: ignore[no-untyped-def]
        raise error
        yield

    monkeypatch.setattr(Database, "write", full)
    status, content = await bob.vote(post_id, 1)
    assert status == 507
    assert (
        content["error"] == "This could not be stored or read: the disk is full. Try again later."
    )


async def test_a_database_that_others_hold_for_long_is_busy_and_no_fault_of_ours(
    ann: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = OperationalError("SELECT", {}, asyncpg.exceptions.LockNotAvailableError("waits"))

    async def busy(*_: object) -> None:
        raise error

    monkeypatch.setattr(Feed, "page", busy)
    async with ann.session.get(f"{ann.url}/") as answer:
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "5"
        assert "busy" in await answer.text()
