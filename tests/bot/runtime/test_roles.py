import pytest
from pydantic import ValidationError

from bot.runtime.roles import ALL, MEANING, ONE_AT_A_TIME, PLATFORMS, Role, parse_roles
from bot.settings import Settings


def test_names_are_read_in_any_order_and_spelling() -> None:
    assert parse_roles([" Train", "web", "web", ""]) == (Role.WEB, Role.TRAIN)
    assert parse_roles([]) == ALL


def test_what_is_no_role_is_named() -> None:
    with pytest.raises(
        ValueError,
        match=r"reddit, lemmy, mastodon, bluesky, web, jobs, embed, train.*'webb'",
    ):
        parse_roles(["webb"])


def test_the_setting_is_a_list_and_all_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings(_env_file=None).roles == ALL  # type: ignore[call-arg]
    monkeypatch.setenv("PEORIA_ROLES", "jobs, discord")
    assert Settings(_env_file=None).roles == (Role.DISCORD, Role.JOBS)  # type: ignore[call-arg]
    monkeypatch.setenv("PEORIA_ROLES", "job")
    with pytest.raises(ValidationError, match="there is no 'job'"):
        Settings(_env_file=None)  # type: ignore[call-arg]


def test_every_role_takes_posts_or_is_held_by_one() -> None:
    assert PLATFORMS | ONE_AT_A_TIME == {*MEANING} == {*Role}
    assert not PLATFORMS & ONE_AT_A_TIME
