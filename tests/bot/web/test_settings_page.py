from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.settings import Settings
from bot.web.platform import WebPlatform
from bot.web.settings_page import setting_lines
from tests.fakes.visitor import Visitor


async def test_the_admin_sees_what_is_set(board: WebPlatform, ann: Visitor) -> None:
    assert (await ann.page("/admin/settings"))[0] == 403
    await ann.become_admin(board.admin_link())
    _, page = await ann.page("/admin/settings")
    for name in Settings.model_fields:
        assert f"PEORIA_{name.upper()}<" in page


def test_no_secret_is_shown(tmp_path: Path) -> None:
    changed = {
        "discord_token": SecretStr("hidden-1"),
        "secret_key": SecretStr("hidden-2"),
        "database_url": "postgresql+asyncpg://peoria:hidden-3@db.example/peoria",
        "images_url": "s3://bucket/folder?secret_access_key=hidden-4",
        "web_port": 8081,
    }
    settings = Settings(_env_file=None, data_dir=tmp_path).model_copy(update=changed)
    lines = {each.name: each for each in setting_lines(settings)}
    assert not [each for each in lines.values() if "hidden" in each.value]
    assert lines["PEORIA_DATABASE_URL"].value == "postgresql+asyncpg://…@db.example/peoria"
    assert lines["PEORIA_WEB_PORT"].value == "8081"
    assert lines["PEORIA_WEB_PORT"].default == "8080"
    for name in ("DISCORD_TOKEN", "WEB_PORT", "DATA_DIR"):
        assert lines[f"PEORIA_{name}"].is_changed
    assert not lines["PEORIA_WEB_HOST"].is_changed


@pytest.mark.parametrize(
    "password", ["hidden", "hi@hidden", "hi/hidden", "hi?hidden", "hi#hidden:"]
)
def test_no_part_of_a_password_is_shown(tmp_path: Path, password: str) -> None:
    address = f"postgresql+asyncpg://peoria:{password}@db.example/peoria"
    settings = Settings(_env_file=None, data_dir=tmp_path).model_copy(
        update={"database_url": address}
    )
    lines = {each.name: each for each in setting_lines(settings)}
    assert lines["PEORIA_DATABASE_URL"].value == "postgresql+asyncpg://…@db.example/peoria"
