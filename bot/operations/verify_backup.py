"""A test restore: a backup is unpacked into a temporary folder and checked, and nothing else."""

from pathlib import Path

from bot.operations.backup import partial_folder
from bot.operations.postgresql_dump import check_dump, dumps_here
from bot.operations.read_backup import DUMP, Contents, unpack
from bot.settings import Settings


def verify(settings: Settings, file: Path) -> Contents:
    """Check a backup as `restore` would, and return what it holds.

    Args:
        settings: hold the key of people's hashes where the backup does not.
        file: the backup. There must be room beside it for what it holds.

    Raises:
        BackupDamaged, DatabaseTooNew, PeopleKeyRefused, DumpFailed: it cannot be restored here.
        OSError: it cannot be read, or there is no room.
    """
    with partial_folder(file.absolute().parent) as folder:
        contents = unpack(file, folder, data_dir=settings.data_dir, secret_key=settings.secret_key)
        if DUMP in contents.names and dumps_here():
            check_dump(folder / DUMP)
        return contents
