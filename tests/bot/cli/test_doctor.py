"""main.py doctor, and what it finds."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.settings import Settings
from storage.engine.database import Database
from storage.files.image_store import ImageStore
from storage.tables import Community, Image, ModelVersion, Notice, Post, TrainingRun
from storage.types import RunState
from tests.bot.cli.conftest import Peoria
from tests.fixtures.rows import MOMENT, one_post, row


def store(settings: Settings, *rows: object) -> None:
    async def write() -> None:
        database = Database(settings.url)
        async with database.write() as session:
            for each in rows:
                session.add(each)
                await session.flush()
        await database.close()

    asyncio.run(write())


def parts(answer: object) -> dict[str, tuple[str, str]]:
    """State and sentence by part."""
    findings = answer.data["findings"]  # type: ignore[attr-defined]
    return {each["part"]: (each["state"], each["sentence"]) for each in findings}


def test_a_new_installation_is_well(peoria: Peoria) -> None:
    answer = peoria("doctor", "--json")
    assert answer.status == 0, answer.data
    assert answer.data["well"] is True
    found = parts(answer)
    assert {"database", "disk", "champion", "training", "due work", "platforms"} <= set(found)
    assert "the board" in found["platforms"][1]
    in_words = peoria("doctor")
    assert in_words.status == 0
    assert "✓" in in_words.out
    assert "There was no run yet." in in_words.out


def test_without_a_database_nothing_is_made(
    peoria: Peoria, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PEORIA_DATA_DIR", str(tmp_path / "nowhere"))
    answer = peoria("doctor", "--json")
    assert answer.status == 1
    assert "main.py run" in parts(answer)["database"][1]
    assert not (tmp_path / "nowhere").exists()


def test_damaged_files_of_the_champion_are_trouble(peoria: Peoria, settings: Settings) -> None:
    (folder,) = settings.versions_dir.iterdir()
    (folder / "head.npz").write_bytes(b"damage")
    answer = peoria("doctor", "--json")
    assert answer.status == 1
    assert parts(answer)["champion"][0] == "trouble"


def test_what_waits_what_failed_and_who_is_silent(peoria: Peoria, settings: Settings) -> None:
    before = datetime.now(UTC) - timedelta(days=1)
    store(
        settings,
        *[each for each in one_post() if not isinstance(each, ModelVersion)],
        row(TrainingRun, state=RunState.FAILED, reason="The [disk] is full.", finished_at=before),
        Notice(kind="training", text="News.", made_at=before, told={}),
    )

    async def change() -> None:
        database = Database(settings.url)
        async with database.write() as session:
            await session.execute(update(Post).values(due_at=before))
            await session.execute(
                update(Community).values(paused_at=before, paused_reason="Skill -0.12")
            )
        await database.close()

    asyncio.run(change())
    answer = peoria("doctor", "--json")
    assert answer.status == 1
    found = parts(answer)
    assert found["training"][0] == "trouble"
    assert found["due work"][0] == "look"
    assert "1 posts wait" in found["due work"][1]
    assert found["notices"][0] == "look"
    assert "Skill -0.12" in found["r/test"][1]
    assert "The [disk] is full." in peoria("doctor").out


def test_a_run_whose_process_is_gone_is_named(peoria: Peoria, settings: Settings) -> None:
    store(settings, row(TrainingRun, pid=None))
    assert "cut short" in parts(peoria("doctor", "--json"))["training"][1]


def test_nothing_to_run_is_trouble(peoria: Peoria, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEORIA_WEB", "off")
    assert parts(peoria("doctor", "--json"))["platforms"][0] == "trouble"


def test_deep_holds_every_image_against_its_hash(peoria: Peoria, settings: Settings) -> None:
    store_ = ImageStore(settings.images_dir)
    shas = [store_.put(bytes([number]) * 100) for number in range(6)]
    store(
        settings,
        *(
            row(Image, id=number, sha256=sha256, dropped_at=MOMENT if number == 5 else None)
            for number, sha256 in enumerate(shas)
        ),
    )
    assert "images" not in parts(peoria("doctor", "--json"))
    assert parts(peoria("doctor", "--deep", "--json"))["images"] == (
        "well", "All 5 files hold what their hashes say.",
    )  # fmt: skip
    store_.path(shas[0]).write_bytes(b"")
    store_.path(shas[1]).write_bytes(b"x" * 100)
    for sha256 in (shas[2], shas[5]):
        store_.drop(sha256)
    answer = peoria("doctor", "--deep", "--json")
    assert answer.data["well"] is False
    state, sentence = parts(answer)["images"]
    assert state == "look"
    assert "Of 5 files 3 are damaged (1 empty, 1 not what was stored, 1 missing)" in sentence
    assert str(store_.path(shas[1])) in sentence
