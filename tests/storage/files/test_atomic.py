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
    # What a process left that was killed while it wrote.
    file.write_text("half of somet")

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
