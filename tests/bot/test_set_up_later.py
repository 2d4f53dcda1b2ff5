from collections.abc import Callable

import pytest

from bot.core import Core
from bot.credential_files import write_discord_token, write_reddit_credentials, write_subreddits
from bot.platform import Platform, PlatformRefused
from bot.runtime.clock import Clock
from bot.set_up_later import Kind, SetUpLater, discord_is_given, reddit_is_given
from bot.settings import Settings
from storage.types import PlatformName
from tests.fakes.platform import FakePlatform

CREDENTIALS = {"client_id": "a", "username": "b", "refresh_token": "c"}


class Noted(FakePlatform):
    """A platform that notes what becomes of it."""

    def __init__(self, settings: Settings, clock: Clock, *, error: Exception | None = None) -> None:
        super().__init__(clock)
        self.settings = settings
        self.error = error
        self.told: list[str] = []

    async def start(self) -> None:
        self.told.append("start")
        if self.error is not None:
            raise self.error

    def credentials(self) -> object:
        file = self.settings.discord_token_file
        return file and file.read_text("utf-8")

    async def stop(self) -> None:
        self.told.append("stop")


class Failing(Noted):
    async def stop(self) -> None:
        await super().stop()
        raise ConnectionRefusedError


@pytest.fixture
def made() -> list[Noted]:
    return []


def kind(
    core: Core,
    is_given: Callable[..., bool],
    made: list[Noted],
    *,
    of: type[Noted] = Noted,
    error: Exception | None = None,
) -> Kind:
    def make(settings: Settings) -> Platform:
        made.append(of(settings, core.clock, error=error))
        return made[-1]

    return Kind(is_given, make)


def later_of(
    core: Core, platforms: dict[PlatformName, Platform], kinds: dict[PlatformName, Kind]
) -> SetUpLater:
    return SetUpLater(core.settings, core.settings_now, core.services, platforms, kinds)


async def test_a_platform_starts_when_its_credentials_come(core: Core, made: list[Noted]) -> None:
    platforms: dict[PlatformName, Platform] = {}
    later = later_of(core, platforms, {PlatformName.DISCORD: kind(core, discord_is_given, made)})
    await later.look()
    assert not made
    write_discord_token(core.settings, "token")
    for _ in range(2):
        await later.look()
    assert [each.told for each in made] == [["start"]]
    assert platforms[PlatformName.DISCORD] is made[0]
    assert made[0].settings.discord_token_file == core.settings.written_discord_token
    await later.stop()
    assert made[0].told == ["start", "stop"]


@pytest.mark.parametrize("error", [PlatformRefused("The token is no good."), ValueError("odd")])
async def test_what_does_not_start_is_tried_again_with_other_credentials_alone(
    core: Core, made: list[Noted], error: Exception
) -> None:
    platforms: dict[PlatformName, Platform] = {}
    bad = kind(core, discord_is_given, made, error=error)
    later = later_of(core, platforms, {PlatformName.DISCORD: bad})
    write_discord_token(core.settings, "token")
    for _ in range(3):
        await later.look()
    # A platform that is asked again and again with a bad token locks its account out.
    assert [each.told for each in made] == [["start", "stop"]]
    write_discord_token(core.settings, "another token")
    for _ in range(2):
        await later.look()
    assert [each.told for each in made] == [["start", "stop"]] * 2
    assert not platforms


async def test_reddit_starts_anew_with_other_subreddits(core: Core, made: list[Noted]) -> None:
    platforms: dict[PlatformName, Platform] = {}
    later = later_of(core, platforms, {PlatformName.REDDIT: kind(core, reddit_is_given, made)})
    write_reddit_credentials(core.settings, CREDENTIALS)
    await later.look()
    write_subreddits(core.settings, "aww, r/pics")
    for _ in range(2):
        await later.look()
    assert [each.settings.reddit_subreddits for each in made] == [(), ("aww", "pics")]
    assert made[0].told == ["start", "stop"]
    assert platforms[PlatformName.REDDIT] is made[1]
    write_subreddits(core.settings, "")
    await later.look()
    assert made[2].settings.reddit_subreddits == ()


async def test_one_that_cannot_be_stopped_keeps_none_of_the_others(
    core: Core, made: list[Noted]
) -> None:
    kinds = {
        PlatformName.DISCORD: kind(core, discord_is_given, made, of=Failing),
        PlatformName.REDDIT: kind(core, reddit_is_given, made),
    }
    later = later_of(core, {}, kinds)
    write_discord_token(core.settings, "token")
    write_reddit_credentials(core.settings, CREDENTIALS)
    await later.look()
    with pytest.raises(ConnectionRefusedError):
        await later.stop()
    assert [each.told for each in made] == [["start", "stop"]] * 2
