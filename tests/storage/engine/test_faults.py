"""What is wrong with the disk or the database, from errors as libraries raise them."""

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnection

from storage.engine.faults import fault_sentence, may_pass, storage_fault
from tests.fakes.full_disk import full_database


def locked_database(folder: Path) -> sqlite3.Error:
    with closing(sqlite3.connect(folder / "l.db", isolation_level=None)) as one:
        one.execute("BEGIN IMMEDIATE")
        with (
            closing(sqlite3.connect(folder / "l.db", timeout=0, isolation_level=None)) as two,
            pytest.raises(sqlite3.OperationalError) as caught,
        ):
            two.execute("BEGIN IMMEDIATE")
    return caught.value


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk(code: int) -> None:
    found = storage_fault(OSError(code, os.strerror(code), "/data/x"))
    assert found is not None
    assert (found.what, found.no_room) == ("the disk is full", True)


def test_a_full_database() -> None:
    for error in (full_database(), OperationalError("INSERT", {}, full_database())):
        found = storage_fault(error)
        assert found is not None
        assert (found.what, found.no_room) == ("the disk is full", True)
    found = storage_fault(OperationalError("", {}, asyncpg.exceptions.DiskFullError("no room")))
    assert found is not None
    assert found.no_room


def test_what_cannot_be_written_or_reached() -> None:
    read_only = storage_fault(OSError(errno.EROFS, "Read-only file system"))
    assert read_only is not None
    assert "cannot be written" in read_only.what
    for error in (
        ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
        OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 5432, 0, 0), …"),
        OperationalError("", {}, Exception("closed"), connection_invalidated=True),
        OperationalError("", {}, asyncpg.exceptions.AdminShutdownError("bye")),
    ):
        away = storage_fault(error)
        assert away is not None
        assert away.what == "the database cannot be reached"


def test_what_may_pass_and_what_is_ours(tmp_path: Path) -> None:
    for error in (
        full_database(),
        locked_database(tmp_path),
        OperationalError("", {}, locked_database(tmp_path)),
        OperationalError("", {}, asyncpg.exceptions.LockNotAvailableError("waits")),
        OperationalError("", {}, asyncpg.exceptions.DeadlockDetectedError("in turn")),
        OperationalError("", {}, asyncpg.exceptions.QueryCanceledError("too long")),
        OperationalError("", {}, asyncpg.exceptions.AdminShutdownError("bye")),
        ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
        NoConnection("all are taken"),
        TimeoutError(),
    ):
        assert may_pass(error), error
    for error in (
        ValueError("x"),
        OperationalError("", {}, sqlite3.OperationalError("no such table")),
        IntegrityError("", {}, asyncpg.exceptions.UniqueViolationError("twice")),
        ProgrammingError("", {}, asyncpg.exceptions.UndefinedColumnError("none")),
    ):
        assert not may_pass(error), error


def test_other_errors_are_none(tmp_path: Path) -> None:
    assert storage_fault(ValueError("x")) is None
    assert storage_fault(FileNotFoundError(errno.ENOENT, "not there")) is None
    assert storage_fault(locked_database(tmp_path)) is None
    assert (
        storage_fault(OperationalError("", {}, sqlite3.OperationalError("no such table"))) is None
    )


def test_what_people_read_of_it_holds_nothing_that_was_to_be_stored(tmp_path: Path) -> None:
    rows = {"title": "a secret"}
    no_room = OperationalError("INSERT INTO posts", rows, full_database())
    assert fault_sentence(no_room) == "The disk is full. Make room, and try again."
    locked = OperationalError("INSERT INTO posts", rows, locked_database(tmp_path))
    assert "held by others" in fault_sentence(locked)
    ours = IntegrityError("INSERT INTO posts", rows, sqlite3.IntegrityError("Key (a secret)"))
    assert fault_sentence(ours) == (
        "It could not be read or written (IntegrityError); the log says more."
    )
