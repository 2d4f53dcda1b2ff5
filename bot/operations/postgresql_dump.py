"""A PostgreSQL database into a file and back, by PostgreSQL's own tools."""

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import make_url

from storage.errors import ExpectedError

_DUMP, _RESTORE = "pg_dump", "pg_restore"

#: What to do about a database that is not a file of ours, where the tools are not installed.
DUMP_ADVICE = (
    "PostgreSQL is backed up with its own tool: `pg_dump --format=custom --file=peoria.dump NAME`."
    " To bring it back: `createdb NEW`, then"
    " `pg_restore --no-owner --single-transaction --dbname=NEW peoria.dump`."
)


class DumpFailed(ExpectedError):
    """PostgreSQL's tool has failed; the message says what it said."""


def dumps_here() -> bool:
    """Whether the tools are installed on this machine."""
    return shutil.which(_DUMP) is not None and shutil.which(_RESTORE) is not None


def dump(url: str, file: Path) -> None:
    """Write a database to a file in the custom format of pg_dump, as of one moment.

    Raises:
        DumpFailed: the server cannot be reached, is newer than the tool, or refuses.
    """
    _run([_DUMP, "--format=custom", "--no-owner", f"--file={file}"], url)


def check_dump(file: Path) -> None:
    """Read the table of contents of a dump.

    Raises:
        DumpFailed: it is damaged.
    """
    _run([_RESTORE, "--list", str(file)], None)


def load_dump(url: str, file: Path) -> None:
    """Replace what a database holds by a dump, in one transaction: entirely or not at all.

    Raises:
        DumpFailed: nothing was changed.
    """
    options = ["--no-owner", "--clean", "--if-exists", "--single-transaction", "--exit-on-error"]
    _run([_RESTORE, *options, str(file)], url)


def _run(command: list[str], url: str | None) -> None:
    environment = {name: value for name, value in os.environ.items() if name[:7] != "PEORIA_"}
    if url is not None:
        parsed = make_url(url)
        # By the environment: what a command is called with can be read by other accounts.
        told = {
            "PGHOST": parsed.host,
            "PGPORT": parsed.port and str(parsed.port),
            "PGUSER": parsed.username,
            "PGPASSWORD": parsed.password and str(parsed.password),
            "PGDATABASE": parsed.database,
        }
        environment |= {name: str(value) for name, value in told.items() if value}
        if command[0] == _RESTORE:
            command = [*command, f"--dbname={parsed.database}"]
    done = subprocess.run(  # noqa: S603 - a tool of PostgreSQL's, found by its name
        command, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        said = lines[0] if lines else f"status {done.returncode}"
        raise DumpFailed(f"{command[0]} has failed, so nothing was changed: {said}.")
