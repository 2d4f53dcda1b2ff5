import pytest

from storage.engine.database import Database
from tests.bot.people.two_people import fill


@pytest.fixture
async def filled(database: Database) -> Database:
    await fill(database)
    return database
