import logging
from pathlib import Path

import pytest

import bot.app
from bot.core import Core
from bot.labels.shipped_curves import shipped_curves
from models.growth_curves import STARTER
from storage.types import PlatformName


def test_curves_ship_for_reddit(caplog: pytest.LogCaptureFixture) -> None:
    found = shipped_curves()
    assert set(found) == {PlatformName.REDDIT}
    assert found[PlatformName.REDDIT].curves
    assert not caplog.records


@pytest.mark.parametrize("damage", ["missing", "truncated", "empty", "a folder"])
def test_a_file_that_cannot_be_used_does_not_stop_the_start(
    core: Core,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    damage: str,
) -> None:
    path = tmp_path / "curves.npz"
    match damage:
        case "truncated":
            path.write_bytes(STARTER.read_bytes()[:5000])
        case "empty":
            path.touch()
        case "a folder":
            path.mkdir()
    monkeypatch.setattr(
        bot.app, "shipped_curves", lambda: shipped_curves({PlatformName.REDDIT: path})
    )
    with caplog.at_level(logging.WARNING):
        bot.app.build(core)
    (record,) = [each for each in caplog.records if "growth curves" in each.getMessage()]
    assert record.levelno == logging.WARNING
    assert "reddit are made from stored posts alone" in record.getMessage()
