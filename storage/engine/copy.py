"""A copy of a SQLite database before its tables are changed."""

import logging
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from storage.errors import ExpectedError

log = logging.getLogger(__name__)


class CopyRefused(ExpectedError):
    """The database could not be copied, so its tables were not changed."""


def copy_path(url: str, revision: str) -> Path | None:
    """Where the copy of a database at a migration is kept: beside it. None: it is not a file.

    Args:
        url: of the database.
        revision: the migration that it is at.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    file = Path(parsed.database)
    return file.with_name(f"{file.name}.version-{revision}")


def copy_database(url: str, revision: str, copy: Path) -> None:
    """Copy a SQLite database as of one moment to ``copy``, whole or not at all.

    Only its owner can read the copy. One of an earlier try is replaced. Nothing is copied where
    another process that starts has changed the tables meanwhile: it has copied them before.

    Raises:
        CopyRefused: there is no room for it, or the folder cannot be written.
    """
    file = Path(str(make_url(url).database))
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".copy-") as folder:
            temporary = Path(folder) / file.name
            with closing(sqlite3.connect(file, timeout=60)) as connection:
                connection.execute("VACUUM INTO ?", (str(temporary),))
            with closing(sqlite3.connect(temporary)) as connection:
                at = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            if at != (revision,):
                return
            temporary.chmod(0o600)
            with temporary.open("rb") as stream:
                os.fsync(stream.fileno())
            temporary.replace(copy)
    except (OSError, sqlite3.OperationalError) as error:
        raise CopyRefused(
            f"The database has to be changed for this version of Peoria, and is copied to {copy}"
            f" before. That failed ({error}), so nothing was changed. Make room, and start again."
        ) from error
    log.warning("The database was copied to %s before its tables are changed.", copy)
