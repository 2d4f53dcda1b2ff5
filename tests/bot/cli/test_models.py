import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.settings import Settings
from bot.training.versions import add_version
from models.backbone import read_info
from models.backbone_files import STARTER
from models.features import FEATURES_VERSION
from models.head import Head
from models.registry import Manifest, write_version
from storage.engine.database import Database
from storage.engine.migrate import HEAD
from storage.tables import TrainingRun
from storage.types import RunState
from tests.bot.cli.conftest import Peoria

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
METRICS = {
    "rps": 0.15, "rps_skill": 0.0625, "intervals": {"rps": [0.14, 0.16]}, "n": 381,
    "confusion": [[7, 2, 1], [0, 8, 2], [0, 0, 9]], "dropped": {"score not a number": 3},
}  # fmt: skip
EVIDENCE = {
    "p": 0.4, "rps_champion": 0.155, "rps_champion_interval": [0.15, 0.16],
    "rps_challenger": 0.15,
}  # fmt: skip


@pytest.fixture
def challenger(settings: Settings) -> str:
    """A version that the gate kept, with the run that made it."""
    manifest = Manifest(
        name="v1", created_at=MOMENT, backbone=read_info(STARTER).fingerprint,
        features_version=FEATURES_VERSION, trained_until=MOMENT, labels=1234,
        metrics=METRICS,
    )  # fmt: skip
    write_version(settings.versions_dir, manifest, Head.uniform().save)

    async def store() -> None:
        database = Database(settings.url)
        async with database.write() as session:
            row = add_version(session, manifest)
            await session.flush()
            session.add(
                TrainingRun(
                    state=RunState.KEPT, asked_by="command", started_at=MOMENT, finished_at=MOMENT,
                    reason="Not better [sic].", evidence=EVIDENCE, model_version_id=row.id,
                )
            )  # fmt: skip
        await database.close()

    asyncio.run(store())
    return "v1"


def champion(peoria: Peoria) -> str:
    (name,) = [each["name"] for each in peoria("models", "list", "--json").data if each["champion"]]
    return str(name)


def test_versions_are_listed(peoria: Peoria, challenger: str) -> None:
    first, second = peoria("models", "list", "--json").data
    assert first["champion"]
    assert first["promoted_at"] is not None
    assert not second["champion"]
    assert (second["name"], second["labels"]) == (challenger, 1234)
    assert second["created_at"] == MOMENT.isoformat()
    in_words = peoria("models", "list")
    assert in_words.status == 0
    for words in ("★", challenger, "1,234", "0.062", "2026-03-01"):
        assert words in in_words.out


def test_a_version_is_shown_with_how_the_gate_decided(
    peoria: Peoria, challenger: str, settings: Settings
) -> None:
    (settings.versions_dir / challenger / "gate.png").touch()
    shown = peoria("models", "show", challenger, "--json").data
    assert shown["metrics"] == METRICS
    assert shown["decision"] == {
        "state": "kept", "asked_by": "command", "reason": "Not better [sic].",
        "evidence": EVIDENCE,
    }  # fmt: skip
    assert shown["files"] == [str(settings.versions_dir / challenger / "gate.png")]
    in_words = peoria("models", "show", challenger)
    assert "Kept: Not better [sic]." in in_words.out
    for words in (
        "ranked probability score (ten bins)",
        "0.150 (0.140 … 0.160)",
        "posts judged",
        "score not a number 3",
        "p: 0.4000",
        "rps champion: 0.1550 (0.1500 … 0.1600)",
    ):
        assert words in in_words.out
    assert "intervals" not in in_words.out
    assert ["low", "7", "2", "1"] in [
        [cell.strip() for cell in line.strip("│").split("│")] for line in in_words.out.splitlines()
    ]
    assert "0.1550 (0.1500 … 0.1600) → 0.1500" in in_words.out
    assert "gate.png" in in_words.out


def test_a_version_that_no_run_made_is_shown(peoria: Peoria) -> None:
    shown = peoria("models", "show", champion(peoria), "--json").data
    assert shown["decision"] is None
    assert peoria("models", "show", shown["name"]).status == 0


def test_promoting_and_rolling_back(peoria: Peoria, challenger: str) -> None:
    before = champion(peoria)
    assert challenger in peoria("models", "promote", challenger).out
    assert champion(peoria) == challenger
    assert before in peoria("models", "rollback").out
    assert champion(peoria) == before
    assert "nothing to roll back to" in peoria("models", "rollback").sentence


@pytest.mark.parametrize("command", ["promote", "show"])
def test_an_unknown_version_is_refused(peoria: Peoria, challenger: str, command: str) -> None:
    sentence = peoria("models", command, "v9").sentence
    assert "'v9'" in sentence
    assert challenger in sentence


def test_a_damaged_version_is_not_promoted(
    peoria: Peoria, challenger: str, settings: Settings
) -> None:
    before = champion(peoria)
    (settings.versions_dir / challenger / "head.npz").write_bytes(b"damage")
    assert "damaged" in peoria("models", "promote", challenger).sentence
    assert champion(peoria) == before


def test_the_database_is_brought_up_to_date(
    peoria: Peoria, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PEORIA_DATA_DIR", str(tmp_path / "new"))
    assert f"is now at version {HEAD}" in peoria("db", "upgrade").out
    assert f"was already at version {HEAD}" in peoria("db", "upgrade").out


def test_too_few_labels_are_no_training_run(peoria: Peoria) -> None:
    """The one test here in which a real training process starts and refuses."""
    answer = peoria("train", "--json")
    assert answer.status == 1
    assert answer.data["state"] == "refused"
    assert answer.data["model_version"] is None
    assert answer.data["reason"].endswith(".")
