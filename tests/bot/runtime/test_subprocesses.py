"""What child processes are told."""

import pytest

from bot.runtime.subprocesses import child_environment


def test_no_setting_is_passed_on_whatever_case_its_name_is_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("PEORIA_DISCORD_TOKEN", "peoria_discord_token", "Peoria_Reddit_Client_Secret"):
        monkeypatch.setenv(name, "a secret")
    assert "a secret" not in child_environment().values()
