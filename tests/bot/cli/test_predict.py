import asyncio
import io
import json
from pathlib import Path

import pytest
from PIL import Image

from bot.settings import Settings
from bot.training import first_version
from storage.engine.database import Database
from tests.bot.cli.conftest import Peoria
from tests.fixtures import images
from tests.fixtures.rows import one_post

#: What the program that reads it may rely on.
KEYS = {
    "file", "probabilities", "bucket", "percentile", "beats", "score", "known", "quantiles",
    "model_version", "latency_ms", "attributes", "likely", "set_aside", "blank", "frame",
    "untrained",
}  # fmt: skip


@pytest.fixture
def picture() -> Path:
    path = Path("[red]picture.png")
    path.write_bytes(images.encode(images.photo(), "PNG"))
    return path


@pytest.fixture
def community(settings: Settings) -> None:
    """A community called r/test, with one post in it."""

    async def store() -> None:
        database = Database(settings.url)
        async with database.write() as session:
            for each in one_post():
                session.add(each)
                await session.flush()
        await database.close()

    asyncio.run(store())


def test_a_prediction_has_every_number(peoria: Peoria, picture: Path) -> None:
    answer = peoria("predict", picture, "--title", "A title", "--json")
    assert (answer.status, answer.err) == (0, "")
    (found,) = answer.data
    assert set(found) == KEYS
    assert found["file"] == str(picture)
    assert set(found["probabilities"]) == {"low", "medium", "high"}
    assert sum(found["probabilities"].values()) == pytest.approx(1)
    assert found["bucket"] in ("low", "medium", "high")
    assert set(found["percentile"]) == {"median", "p10", "p90"}
    assert (
        0 <= found["percentile"]["p10"] <= found["percentile"]["median"]
        <= found["percentile"]["p90"] <= 1
    )  # fmt: skip
    assert found["score"] is None, "nothing is known of any community"
    assert found["latency_ms"] > 0
    (version,) = peoria("models", "list", "--json").data
    assert found["model_version"] == version["name"]


def test_a_prediction_in_words(peoria: Peoria, picture: Path) -> None:
    answer = peoria("predict", picture)
    assert (answer.status, answer.err) == (0, "")
    for words in ("[red]picture.png", "low", "medium", "high", "%", "Would beat", " ms"):
        assert words in answer.out


def test_a_picture_has_the_same_bars_whatever_it_was_saved_as(peoria: Peoria) -> None:
    jpeg = images.encode(images.photo(), "JPEG")
    with Image.open(io.BytesIO(jpeg)) as opened:
        png = images.encode(opened.convert("RGB"), "PNG")
    bars = []
    for name, content in (("a.jpg", jpeg), ("a.png", png), ("b.png", png + bytes(99))):
        Path(name).write_bytes(content)
        answer = peoria("predict", name, "--title", "When it works")
        bars.append([line for line in answer.out.splitlines() if "%" in line])
    assert len(bars[0]) >= 3
    assert bars[0] == bars[1] == bars[2]


def test_a_refused_file_does_not_keep_the_others_from_an_answer(
    peoria: Peoria, picture: Path
) -> None:
    refused = {name: Path(name) for name in images.REFUSED}
    for name, path in refused.items():
        path.write_bytes(images.BAD_IMAGES[name]())
    Path("folder").mkdir()
    files = [*refused.values(), picture, Path("nowhere.png"), Path("folder"), picture]
    answer = peoria("predict", *files, "--json")
    assert answer.status == 1
    assert [each["file"] for each in answer.data] == [str(each) for each in files]
    for each in answer.data:
        if each["file"] == str(picture):
            assert set(each) == KEYS
        else:
            assert set(each) == {"file", "error"}
            assert each["error"].endswith(".")
            assert "Traceback" not in each["error"]
    in_words = peoria("predict", *files)
    assert in_words.status == 1
    assert in_words.out.count("Would beat") == 2


@pytest.mark.parametrize("name", sorted(images.BAD_IMAGES))
def test_every_bad_image_is_answered(peoria: Peoria, name: str) -> None:
    Path(name).write_bytes(images.BAD_IMAGES[name]())
    answer = peoria("predict", name, "--json")
    assert answer.status == (1 if name in images.REFUSED else 0)
    assert ("error" in answer.data[0]) == (name in images.REFUSED)


@pytest.mark.usefixtures("community")
@pytest.mark.parametrize("name", ["r/test", "/r/test", "test", "R/Test", "TEST"])
def test_a_community_is_found_by_its_name(peoria: Peoria, picture: Path, name: str) -> None:
    answer = peoria("predict", picture, "--community", name)
    assert answer.status == 0
    assert "r/test" in answer.out


@pytest.mark.usefixtures("community")
def test_an_unknown_community_is_refused_and_the_known_ones_named(
    peoria: Peoria, picture: Path
) -> None:
    sentence = peoria("predict", picture, "--community", "r/nowhere").sentence
    assert "'r/nowhere'" in sentence
    assert "r/test" in sentence


def test_where_there_is_no_community_that_is_said(peoria: Peoria, picture: Path) -> None:
    assert "none yet" in peoria("predict", picture, "--community", "r/nowhere").sentence


def test_nothing_is_stored(peoria: Peoria, picture: Path, data_dir: Path) -> None:
    peoria("predict", picture)
    assert not (data_dir / "images").exists()


def test_json_is_json_for_any_file_name(peoria: Peoria) -> None:
    path = Path('a "quoted"\nname ☃.png')
    path.write_bytes(images.encode(images.photo(), "PNG"))
    assert json.loads(peoria("predict", path, "--json").out)[0]["file"] == str(path)


def test_an_animation_says_by_which_of_its_frames_it_is_judged(
    peoria: Peoria, picture: Path
) -> None:
    animation = Path("animation.gif")
    animation.write_bytes(images.fading_in("GIF"))
    answer = peoria("predict", animation)
    assert "An animation, judged by its frame 8 of 8." in answer.out
    animated, still = peoria("predict", animation, picture, "--json").data
    assert animated["frame"] == {"number": 8, "of": 8}
    assert still["frame"] is None


def test_a_model_that_learned_from_nothing_says_so_everywhere(
    peoria: Peoria, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEORIA_DATA_DIR", str(tmp_path / "new"))
    monkeypatch.setattr(first_version, "_CHAMPION", tmp_path / "not packed")
    in_words = peoria("predict", picture)
    assert "Nothing was learned yet" in in_words.out
    assert "Would beat" not in in_words.out
    (found,) = peoria("predict", picture, "--json").data
    assert found["untrained"]
    doctor = peoria("doctor", "--json").data
    (champion,) = [each for each in doctor["findings"] if each["part"] == "champion"]
    assert champion["state"] == "look"
    assert "made from no labels" in champion["sentence"]
