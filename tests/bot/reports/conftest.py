"""What stats are of."""

import pytest

from bot.core import Core
from tests.fixtures.rows import one_post


@pytest.fixture
async def post(core: Core) -> None:
    """A community with a post, and a model version."""
    async with core.database.write() as session:
        for each in one_post():
            session.add(each)
            await session.flush()
