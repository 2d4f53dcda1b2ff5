from pathlib import Path

from tests.bot.cli.conftest import Peoria


def test_posts_are_exported_with_their_card(peoria: Peoria, tmp_path: Path) -> None:
    file = tmp_path / "posts.parquet"
    assert f"{file}: 0 posts. About it: {file}.md" in peoria("export", "posts", "--out", file).out
    assert file.is_file()
    assert "# posts.parquet" in Path(f"{file}.md").read_text("utf-8")
    assert "already there" in peoria("export", "posts", "--out", file).sentence
    other = tmp_path / "none.csv"
    said = peoria("export", "posts", "--out", other, "--format", "csv", "--community", "nowhere")
    assert "nowhere" in said.sentence
    assert not other.exists()
