"""Makes backups, killed at every step in turn.

``python -m tests.fakes.killed_backup DATA WORK`` backs the data folder DATA up into WORK, in forked
children that kill themselves at one step after the other, and prints for each what they left: one
JSON line. The last one was not killed.
"""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from bot.operations.backup import back_up, remove_partial
from bot.operations.verify_backup import verify
from bot.settings import Settings
from storage.engine.migrate import known_revisions
from tests.fakes.killed_restore import kill_at

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def killed(settings: Settings, file: Path, number: int) -> bool:
    """Back up in a child; whether it was killed."""
    child = os.fork()
    if child == 0:
        kill_at(number)
        back_up(settings, file, images=True, now=NOW)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or status == 0, "the backup failed"
    return os.WIFSIGNALED(status)


def main() -> None:
    data, work = map(Path, sys.argv[1:])
    settings = Settings(_env_file=None, data_dir=data)  # type: ignore[call-arg]
    # Once, before the forks.
    known_revisions()
    number, was_killed = 0, True
    while was_killed:
        number += 1
        file = work / f"{number}.tar"
        was_killed = killed(settings, file, number)
        left = [path.name for path in work.glob(".*")]
        whole = verify(settings, file).versions if file.exists() else None
        remove_partial(work)
        after = [path.name for path in work.glob(".*")]
        print(json.dumps({"killed": was_killed, "left": left, "whole": whole, "after": after}))


if __name__ == "__main__":
    main()
