"""What is wrong with the place where everything is stored, told from errors of any kind."""

import errno
import socket
import sqlite3
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from storage.engine.sqlite_file import DatabaseFileGone
from storage.objects.faults import ObjectStoreFault

#: What reading and writing raise where the database does not do it: what the driver says, none of
#: our connections free in time, a server that cannot be reached or does not answer.
DATABASE_ERRORS = (DBAPIError, NoConnection, OSError)


@dataclass(frozen=True, slots=True)
class StorageFault:
    """Nothing can be stored now, for a reason that lies outside of the program.

    Attributes:
        what: the reason, the middle of a sentence; it names no path.
        advice: what the operator does about it, a sentence.
        no_room: whether room is what is missing.
    """

    what: str
    advice: str
    no_room: bool = False


_FULL = StorageFault("the disk is full", "Make room, and try again.", no_room=True)
_READ_ONLY = StorageFault(
    "the data folder cannot be written",
    "Give Peoria's account the right to write there, or mount the disk for writing.",
)
_BROKEN = StorageFault(
    "the disk does not take what is written",
    "It may be full or failing, or another program changes the database's files, those that end in"
    " -wal and -shm too: look at its free space, at the system's log, and at who has them open.",
    no_room=True,
)
_GONE = StorageFault("the database file is gone", "Put it back, or restore a backup.")
_AWAY = StorageFault("the database cannot be reached", "Is its server running?")

_BY_ERRNO = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
    errno.EIO: _BROKEN,
    errno.EHOSTUNREACH: _AWAY,
    errno.ENETUNREACH: _AWAY,
}
#: How asyncio begins where a host has several addresses and nobody answers at any of them.
_NONE_ANSWERS = "Multiple exceptions"
#: The last byte of SQLite's codes.
_BY_SQLITE_CODE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_IOERR: _BROKEN,
    sqlite3.SQLITE_CANTOPEN: _READ_ONLY,
}
#: Classes of PostgreSQL's codes: connections, a disk or memory that is full, an end by an operator.
_BY_SQLSTATE = {"53100": _FULL, "08": _AWAY, "57P": _AWAY, "25006": _READ_ONLY}


#: The last bytes of SQLite's codes, and classes of PostgreSQL's: others write, or wait for a lock.
_SQLITE_TAKES_TURNS = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_POSTGRESQL_TAKES_TURNS = ("40", "55P03", "57014", "25P03")


def may_pass(error: BaseException) -> bool:
    """Whether the same may go well later, with nothing changed in the program.

    Something is wrong with the place where everything is stored (`storage_fault`), or somebody
    else held it for too long. What is left is a fault of ours, such as a statement that says
    nothing, or rows that must not be.
    """
    # A server that cannot be found or does not answer in time, as asyncio says it, or all of whose
    # connections here are taken.
    waited = isinstance(error, (TimeoutError, NoConnection, socket.gaierror))
    if waited or storage_fault(error) is not None:
        return True
    found = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(found, sqlite3.Error):
        code = getattr(found, "sqlite_errorcode", sqlite3.SQLITE_OK)
        return code & 0xFF in _SQLITE_TAKES_TURNS
    state = getattr(found, "sqlstate", None)
    return isinstance(state, str) and state.startswith(_POSTGRESQL_TAKES_TURNS)


def is_outage(error: BaseException) -> bool:
    """Whether an error itself says that what everything is stored in is away, or held by others.

    Others may pass as well (`may_pass`), but where they come from says more than they do.
    """
    if isinstance(error, (DBAPIError, NoConnection)):
        return may_pass(error)
    return storage_fault(error) is not None


def storage_fault(error: BaseException) -> StorageFault | None:
    """What is wrong with the disk or the database; None where ``error`` says something else."""
    if isinstance(error, DBAPIError):
        fault = storage_fault(error.orig) if error.orig is not None else None
        return _AWAY if fault is None and error.connection_invalidated else fault
    if isinstance(error, ObjectStoreFault):
        return StorageFault(error.what, error.advice)
    if isinstance(error, DatabaseFileGone):
        return _GONE
    if isinstance(error, sqlite3.Error):
        # The driver's own errors have no code.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
        return _BY_SQLITE_CODE.get(code & 0xFF)
    if isinstance(error, ConnectionError):
        return _AWAY
    if isinstance(error, OSError):
        if error.errno is None and str(error).startswith(_NONE_ANSWERS):
            return _AWAY
        return _BY_ERRNO.get(error.errno or 0)
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return next((fault for code, fault in _BY_SQLSTATE.items() if state.startswith(code)), None)
    return None


def fault_sentence(error: BaseException) -> str:
    """What went wrong, for people: no statement, no rows, no path; the log has those."""
    fault = storage_fault(error)
    if fault is not None:
        return f"{fault.what[0].upper()}{fault.what[1:]}. {fault.advice}"
    if may_pass(error):
        return "The database was held by others for too long. Try again."
    found = error.orig if isinstance(error, DBAPIError) else error
    return f"It could not be read or written ({type(found).__name__}); the log says more."
