from pathlib import Path

import pytest

from storage.files.atomic import write_folder


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
