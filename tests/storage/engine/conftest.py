"""Databases that the tests of migrations begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.engine.database import Database
from tests.fixtures import postgresql


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param(
            "postgresql",
            marks=pytest.mark.skipif(
                postgresql.SERVER is None, reason=f"{postgresql.VARIABLE} names no server"
            ),
        ),
    ]
)
def blank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with nothing in it."""
    if request.param == "sqlite":
        yield Database(f"sqlite+aiosqlite:///{tmp_path / 'new.db'}")
        return
    with postgresql.made_database() as url:
        yield Database(url)
