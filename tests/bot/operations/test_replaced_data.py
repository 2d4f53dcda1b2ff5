"""What a restore has replaced is kept for a while, and then deleted."""

from datetime import timedelta
from pathlib import Path

from bot.operations.replaced_data import ReplacedData, replaced_folder
from tests.fakes.clock import FakeClock

OTHERS = ("before-restore-by-hand", "before-restore-20200101T000000Z-copy.txt")


async def test_folders_are_kept_for_their_days_and_nothing_else_is_touched(
    tmp_path: Path, clock: FakeClock
) -> None:
    names: list[str] = []
    for days in (31, 31, 29, 0):
        names.append(replaced_folder(clock() - timedelta(days=days), names.__contains__))
    for name in (*names, *OTHERS):
        (tmp_path / name).mkdir()
        (tmp_path / name / "peoria.db").write_bytes(b"rows")
    assert len(set(names)) == 4
    assert await ReplacedData(tmp_path, keep_days=30, clock=clock).sweep() == 2
    left = {name for name in (*names, *OTHERS) if (tmp_path / name / "peoria.db").is_file()}
    assert left == {*names[2:], *OTHERS}
