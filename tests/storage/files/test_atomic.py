import os
import time
from pathlib import Path

import pytest

from storage.files.atomic import replacing, write_folder


def test_a_folder_that_was_made_meanwhile_stays_as_it_is(tmp_path: Path) -> None:
    target = tmp_path / "version"

    def fill(folder: Path) -> None:
        (folder / "file").write_text("ours")
        target.mkdir()
        (target / "file").write_text("theirs")

    with pytest.raises(FileExistsError, match="already there"):
        write_folder(target, fill)
    assert (target / "file").read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [target], "nothing is left behind"


@pytest.mark.parametrize("forced", [True, False])
def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, *, forced: bool) -> None:
    target = tmp_path / "new" / "weights.npz"
    with replacing(target, forced=forced) as file:
        # Writers that look at the end of a name find the right one.
        assert file.suffix == ".npz"
        file.write_text("first")
    # What a process left that was killed while it wrote, two hours ago.
    file.write_text("half of somet")
    os.utime(file, (time.time() - 7200,) * 2)

    def fail() -> None:
        with replacing(target, forced=forced) as file:
            file.write_text("half")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert target.read_text() == "first"
    assert list(target.parent.iterdir()) == [target], "nothing is left behind"
    with replacing(target, forced=forced) as file:
        file.write_text("second")
    assert target.read_text() == "second"


@pytest.mark.parametrize("forced", [True, False])
def test_two_who_write_one_file_at_once_do_not_disturb_each_other(
    tmp_path: Path, *, forced: bool
) -> None:
    target = tmp_path / "commands"
    with replacing(target, forced=forced) as first:
        first.write_text("first")
        with replacing(target, forced=forced) as second:
            second.write_text("second")
        assert target.read_text() == "second"
    assert target.read_text() == "first"
    assert list(tmp_path.iterdir()) == [target], "nothing is left behind"
