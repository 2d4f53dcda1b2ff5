"""Images in folders, named as people and downloaders name them."""

import os
from pathlib import Path

import pytest

from storage.files.image_folder import ImageFolder, read_image_file


def fill(folder: Path, *names: str) -> ImageFolder:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return ImageFolder(folder)


@pytest.mark.parametrize(
    "name",
    [
        "abc.jpg", "abc.JPG", "abc.jfif", "abc.jpe", "abc.JPEG", "abc.PNG", "abc.heic", "abc.avif",
        "abc.bmp", "abc.tiff", "t3_abc.jpg", "t3_abc.JPG", "abc_0.jpg", "abc-1.webp", "abc.png.jpg",
        "t3_abc_0.png", "abc/image.jpg", "abc/1.png", "deep/down/abc.gif", "2019/t3_abc_2.jpg",
    ],
)  # fmt: skip
def test_an_image_is_found_by_the_id_of_its_post(tmp_path: Path, name: str) -> None:
    folder = fill(tmp_path, name, "other.jpg", "abcd.jpg", "ab.jpg", "abc.txt", "xabc.jpg")
    assert folder.find("abc") == tmp_path / name
    assert folder.find("t3_abc") == tmp_path / name


def test_an_id_at_the_end_of_a_downloaders_name_is_found(tmp_path: Path) -> None:
    folder = fill(tmp_path, "ann_A title, with_all_7ynhx1.png", "bob_0.jpg")
    assert folder.find("7ynhx1") == tmp_path / "ann_A title, with_all_7ynhx1.png"
    assert folder.find("0") is None, "the first of a gallery is not the post 0"


def test_of_several_images_the_closest_name_counts_and_then_the_first(tmp_path: Path) -> None:
    folder = fill(
        tmp_path, "abc_1.jpg", "abc_0.jpg", "t3_abc.png", "abc.webp", "abc.gif", "abc/x.jpg",
        "7_2.png", "7_10.png",
    )  # fmt: skip
    assert folder.find("abc") == tmp_path / "abc.gif"
    assert folder.find("7") == tmp_path / "7_2.png"


def test_the_name_that_a_post_gives_goes_before_its_id(tmp_path: Path) -> None:
    folder = fill(tmp_path, "abc.jpg", "Some Meme.JPG")
    assert folder.find("abc", "some meme.jpg") == tmp_path / "Some Meme.JPG"
    assert folder.find("abc", "not there.jpg") == tmp_path / "abc.jpg"


@pytest.mark.parametrize("post_id", ["", "..", "../secret", "/etc/passwd", "\0", "x" * 5000, "☃"])
def test_an_id_never_leads_out_of_the_folder(tmp_path: Path, post_id: str) -> None:
    fill(tmp_path, "secret.jpg")
    assert fill(tmp_path / "inside", "abc.jpg").find(post_id) is None


def test_names_in_no_encoding_and_closed_folders_are_passed_over(tmp_path: Path) -> None:
    folder = fill(tmp_path, os.fsdecode(b"\xff\xfe/\xe9.jpg"), "abc.jpg")
    assert folder.find("abc") == tmp_path / "abc.jpg"
    assert ImageFolder(tmp_path / "nowhere").find("abc") is None


def test_no_more_of_a_huge_file_is_read_than_shows_that_it_is_huge(tmp_path: Path) -> None:
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(1_500_000_000)
    assert len(read_image_file(tmp_path / "huge.jpg", max_bytes=1000)) == 1001
    with pytest.raises(OSError, match="directory"):
        read_image_file(tmp_path, max_bytes=1000)
