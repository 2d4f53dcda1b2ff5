"""Rounds that fail: what passes by itself is a line, a fault of ours is shown with its place."""

import logging
import sqlite3
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import asyncpg
import pytest
from sqlalchemy.exc import OperationalError

from bot.discord.rounds import rounds


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OperationalError("", {}, asyncpg.exceptions.AdminShutdownError("bye")), True),
        (OperationalError("", {}, sqlite3.OperationalError("no such column: x")), False),
    ],
)
async def test_a_database_that_is_away_is_waited_for_and_a_fault_of_ours_is_shown(
    error: Exception, expected: bool, caplog: pytest.LogCaptureFixture
) -> None:
    told = AsyncMock()
    core: Any = SimpleNamespace(services=SimpleNamespace(report=lambda *_: told))
    turns = rounds(core, "digests", "Digests on Discord", 5, AsyncMock(side_effect=error))
    with caplog.at_level(logging.WARNING):
        await turns.turn()
    assert told.waiting.await_args.kwargs == {"expected": expected}
    assert [bool(each.exc_info) for each in caplog.records] == [not expected]
