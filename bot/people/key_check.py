"""The key of people's hashes is the one that the database was filled with.

With another key nobody is recognised, and who opted out is followed again. A second machine on one
PostgreSQL, or a data folder whose key was lost, would make a new key without a word.
"""

import hashlib
import hmac
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot.people.identity import KEY_FILE, find_key, read_key
from storage.engine.database import Database
from storage.engine.upsert import insert_if_new
from storage.errors import ExpectedError
from storage.tables import InstallationFact

_NAME = "people key"


class PeopleKeyRefused(ExpectedError):
    """The key here is not the one of the database; the message says what to do."""


async def open_people_key(
    database: Database, data_dir: Path, configured: SecretStr | None
) -> bytes:
    """The key of people's hashes; a new installation's is made, and noted in the database.

    Args:
        database: notes a fingerprint of the key that it was filled with first.
        data_dir: holds the key's file.
        configured: the key that was set, if one was.

    Raises:
        PeopleKeyRefused: the database was filled with another key, which is not here.
        OSError: the data folder cannot be written.
    """
    known = await database.run_read(known_fingerprint)
    if known is None:
        key = read_key(data_dir, configured)
        # Of two that start at once on a new database, one is the first.
        known = await database.run_write(lambda session: _note(session, key))
        check_key(known, key, data_dir)
        return key
    key_here = find_key(data_dir, configured)
    check_key(known, key_here, data_dir)
    assert key_here is not None  # noqa: S101 - refused above
    return key_here


def check_key(known: str | None, key: bytes | None, data_dir: Path) -> None:
    """Hold a key against the fingerprint that a database knows.

    Args:
        known: the fingerprint; None: the database was not filled with any key yet.
        key: the key here; None: there is none.
        data_dir: where its file belongs.

    Raises:
        PeopleKeyRefused: it is another one, or missing.
    """
    if known is None or (key is not None and hmac.compare_digest(known, fingerprint(key))):
        return
    how = "is missing here" if key is None else "is not the one here"
    raise PeopleKeyRefused(
        f"The key that this database knows people by {how}: nobody would be recognised, and who"
        f" opted out would be followed again. Copy the file {KEY_FILE} from the data folder that"
        f" the database was first used with (or from a backup) to {data_dir / KEY_FILE}, or set"
        " PEORIA_SECRET_KEY to what it is there. Where that key is lost for good, `main.py db"
        " rekey` goes on with the key here."
    )


def owner_code(key: bytes) -> str:
    """What an object store is told of whose it is: the same wherever the database is the same."""
    return hmac.new(key, b"owner of an object store", hashlib.sha256).hexdigest()


async def adopt_key(database: Database, data_dir: Path, configured: SecretStr | None) -> bool:
    """Let the key here be the database's from now on; return whether it was another one before."""
    key = read_key(data_dir, configured)

    def replace(session: Session) -> bool:
        before = known_fingerprint(session)
        session.execute(delete(InstallationFact).filter_by(name=_NAME))
        return _note(session, key) != before

    return await database.run_write(replace)


def fingerprint(key: bytes) -> str:
    """What is kept of a key, 64 hexadecimal digits. No hash of a person can be made from it."""
    return hmac.new(key, b"peoria: fingerprint of this key", hashlib.sha256).hexdigest()


def known_fingerprint(session: Session) -> str | None:
    """The fingerprint of the key that the database was filled with; None: there was none yet."""
    known: str | None = session.scalar(select(InstallationFact.value).filter_by(name=_NAME))
    return known


def _note(session: Session, key: bytes) -> str:
    """Note the key unless one is noted; return the fingerprint that is noted."""
    insert_if_new(session, InstallationFact, name=_NAME, value=fingerprint(key))
    known = known_fingerprint(session)
    assert known is not None  # noqa: S101 - inserted above
    return known
