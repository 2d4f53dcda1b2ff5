from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot.settings import ENV_PREFIX, Settings, SettingsRefused, load_settings

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def test_nothing_has_to_be_set() -> None:
    settings = load_settings()
    assert settings.url == "sqlite+aiosqlite:///data/peoria.db"
    assert (settings.web_host, settings.web_port) == ("127.0.0.1", 8080)
    assert settings.backbone == "starter"
    assert settings.images_dir == Path("data/images")


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("PEORIA_WEB_PORT=9000\nPEORIA_BOARD_NAME=File\nELSE=1\n")
    monkeypatch.setenv("PEORIA_BOARD_NAME", "Environment")
    settings = load_settings()
    assert (settings.web_port, settings.board_name) == (9000, "Environment")


def test_hosts_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEORIA_WEB_ALLOWED_HOSTS", "peoria.example.org, localhost ,")
    assert load_settings().web_allowed_hosts == ("peoria.example.org", "localhost")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEB_PORT", "hunter2"),
        ("WEB_PORT", "70000"),
        ("LOG_FORMAT", "hunter2"),
        ("LOG_LEVEL", "hunter2"),
        ("SILENT_SHARE", "1.0001"),
        ("SILENT_SHARE", "nan"),
        ("TICK_SECONDS", "0"),
        ("TICK_SECONDS", "inf"),
        ("BOARD_HORIZON_MINUTES", "inf"),
        ("BOARD_HORIZON_MINUTES", "-5"),
        ("MAX_IMAGE_BYTES", "20 MB hunter2"),
        ("SEASON_TIME_ZONE", "hunter2"),
        ("SEASON_TIME_ZONE", "../hunter2"),
        ("SEASON_TIME_ZONE", ""),
        ("MIN_GUESSES", "0"),
        ("LATE_SHARE", "-0.1"),
        ("TRAIN_MIN_LABELS", "3"),
        ("TRAIN_MEMORY_MB", "10.5"),
        ("RETRAIN_CRON", ""),
        ("RETRAIN_CRON", "hunter2"),
        ("RETRAIN_CRON", "hunter2 4 * * *"),
        ("RETRAIN_CRON", "0 25 * * *"),
        ("RETRAIN_CRON", "0 4 1 * hunter2"),
        ("RETRAIN_TIME_ZONE", "hunter2"),
        ("RETRAIN_MIN_NEW_LABELS", "0"),
        ("KEEP_VERSIONS", "0"),
        ("DATABASE_URL", "hunter2"),
        ("DATABASE_URL", "mysql://peoria:hunter2@db/peoria"),
        ("DATABASE_URL", "sqlite:///hunter2.db"),
        ("DATABASE_URL", "sqlite+aiosqlite:///:memory:"),
    ],
)
def test_a_wrong_value_is_named_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(ENV_PREFIX + name, value)
    with pytest.raises(SettingsRefused) as caught:
        load_settings()
    sentence = str(caught.value)
    assert f"{ENV_PREFIX}{name}" in sentence
    assert "hunter2" not in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_every_wrong_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEORIA_WEB_PORT", "x")
    monkeypatch.setenv("PEORIA_LOG_LEVEL", "x")
    with pytest.raises(SettingsRefused, match=r"PEORIA_LOG_LEVEL.*PEORIA_WEB_PORT"):
        load_settings()


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEORIA_SECRET_KEY", "hunter2")
    assert "hunter2" not in repr(load_settings())


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_says_what_it_means_and_is_in_the_docs(name: str) -> None:
    description = Settings.model_fields[name].description
    assert description
    assert description.endswith((".", "/NAME"))
    assert f"`{ENV_PREFIX}{name.upper()}`" in DOCS.read_text("utf-8")


@pytest.mark.parametrize("name", ["what?", "a#b", "100%25", "mode=rw", "with space", "größe"])
def test_any_name_of_a_folder_will_do(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    settings = Settings(data_dir=folder)
    assert make_url(settings.url).database == str(folder / "peoria.db")
