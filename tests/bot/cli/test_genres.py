"""main.py genres, and the column of an import that says which genre a post is."""

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.bot.cli.conftest import Peoria
from tests.fixtures import images


def genres_in(data_dir: Path) -> list[tuple[str, str | None]]:
    with closing(sqlite3.connect(data_dir / "peoria.db")) as connection:
        return connection.execute(
            "SELECT source_id, genre FROM posts ORDER BY source_id"
        ).fetchall()


def write(folder: Path, genres: list[str]) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "posts.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "title", "created_utc", "score", "Genre"])
        for number, genre in enumerate(genres):
            writer.writerow([f"p{number}", "x", 1_600_000_000 + number * 9999, number, genre])
            picture = images.photo(60 + number, 48)
            (folder / f"p{number}.png").write_bytes(images.encode(picture, "PNG"))
    return path


def test_genres_of_a_file_and_of_a_command(peoria: Peoria, data_dir: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "cats", ["Rage comic", "", "cat picture"])
    asked = ("import", file, "--images", file.parent)
    preview = peoria(*asked, "--dry-run").out
    assert "genre   Genre" in preview
    answer = peoria(*asked)
    assert "1 × 'cat picture' is no genre of this community" in answer.out
    assert [genre for _, genre in genres_in(data_dir)] == ["rage_comic", None, None]
    assert "cat picture" in peoria("genres", "own", "cat picture", "dog picture").out
    # The file again: its posts are there, and the genre is known now.
    assert peoria(*asked, "--json").data["unknown_genres"] == {}
    assert [genre for _, genre in genres_in(data_dir)] == ["rage_comic", None, "cat picture"]
    with closing(sqlite3.connect(data_dir / "peoria.db")) as connection:
        (second,) = connection.execute(
            "SELECT id FROM posts ORDER BY source_id LIMIT 1 OFFSET 1"
        ).fetchone()
    assert peoria("genres", "correct", second, "Political").status == 0
    assert genres_in(data_dir)[1][1] == "political"
    assert "no genre called 'bird'" in peoria("genres", "correct", second, "bird").sentence
    assert "no such post" in peoria("genres", "correct", 99, "political").sentence
    assert "already" in peoria("genres", "own", "Rage Comic").sentence
    shown = peoria("genres", "own").out
    assert "cat picture, dog picture." in shown
    assert "cat picture" not in peoria("genres", "own", "--clear").out
