import dataclasses
import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.app import App
from bot.credential_files import write_reddit_credentials
from bot.reddit.credentials import read_credentials
from bot.settings import Settings, with_written_credentials
from bot.setup_checks import Finding
from bot.web.platform import WebPlatform
from bot.written_networks import WrittenRefused
from storage.types import PlatformName
from tests.fakes.visitor import Visitor, visiting

TOKEN = "a.token-of-nobody"


@dataclass(frozen=True)
class Found:
    what: str
    ok: bool | None
    text: str


@dataclass
class Discord:
    """Says what a token is good for."""

    asked: list[str] = field(default_factory=list)

    async def check(self, settings: Settings) -> Sequence[Finding]:
        assert settings.discord_token_file is not None
        self.asked.append(settings.discord_token_file.read_text())
        link = "https://discord.com/oauth2/authorize?client_id=1&scope=bot"
        return [Found("token", True, "belongs to <b>Bot</b>"), Found("invite link", None, link)]


@asynccontextmanager
async def admin_of(app: App, discord: Discord, **changes: object) -> AsyncIterator[Visitor]:
    settings = app.core.settings.model_copy(update=changes)
    core = dataclasses.replace(app.core, settings=settings)
    checks = {PlatformName.DISCORD: discord.check}
    board = WebPlatform(core, app.pipeline, app.readiness.look, app.backups, checks)
    await board.start()
    async with visiting(board.url) as visitor:
        await visitor.become_admin(board.admin_link())
        yield visitor
    await board.stop()


async def save(visitor: Visitor, path: str, **form: str) -> tuple[int, str]:
    async with visitor.send(path, form) as answer:
        return answer.status, await answer.text()


async def test_a_token_is_kept_in_a_file_and_checked(
    app: App, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    discord = Discord()
    async with admin_of(app, discord) as admin:
        _, page = await admin.page("/admin/setup")
        assert "Give Peoria its token" in page
        status, page = await save(admin, "/admin/setup/discord", token=f"  {TOKEN}\n")
        assert status == 200
        assert discord.asked == [f"{TOKEN}\n"]
        assert "belongs to &lt;b&gt;Bot&lt;/b&gt;" in page
        assert 'href="https://discord.com/oauth2/authorize?client_id=1&amp;scope=bot"' in page
        assert "Peoria signs in by itself" in page
        assert TOKEN not in page
    path = settings.written_discord_token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert with_written_credentials(settings).discord_token_file == path
    assert TOKEN not in caplog.text


async def test_reddits_credentials_are_lines_of_its_file(app: App, settings: Settings) -> None:
    form = {"client_id": "abc", "username": "me", "password": "p=w d", "client_secret": "s"}
    async with admin_of(app, Discord()) as admin:
        status, _ = await save(admin, "/admin/setup/reddit", **form)
        assert status == 200
        status, page = await save(admin, "/admin/setup/reddit", client_id="a\nb = c")
        assert status == 400
        assert "one line" in page
        status, page = await save(admin, "/admin/setup/reddit", client_id="abc", username="me")
        assert status == 400
        assert "a refresh token" in page
    text = settings.written_reddit_credentials.read_text()
    assert text.splitlines() == [
        "client_id = abc", "client_secret = s", "username = me", "password = p=w d",
    ]  # fmt: skip


@pytest.mark.parametrize("password", ["it's'", '"', "'a'", '"a', "''", "# ;=", "\"'a'\""])
def test_reddits_credentials_are_read_back_as_they_were_typed(
    settings: Settings, password: str
) -> None:
    given = {"client_id": "abc", "username": "me", "password": password, "client_secret": "s"}
    write_reddit_credentials(settings, given)
    assert read_credentials(with_written_credentials(settings)).password == password


async def lets_in(settings: Settings) -> Sequence[Found]:
    """An instance that knows one password."""
    assert settings.lemmy_password is not None
    ok = settings.lemmy_password.get_secret_value() == "right-one"
    return [Found("credentials", ok, f"asked {settings.lemmy_instance}")]


async def test_an_account_on_a_network_is_kept_only_if_it_lets_us_in(
    app: App, settings: Settings
) -> None:
    checks = {PlatformName.LEMMY: lets_in}
    board = WebPlatform(app.core, app.pipeline, app.readiness.look, app.backups, checks)
    await board.start()
    async with visiting(board.url) as admin:
        path = "/admin/setup/lemmy"
        form = {"instance": "https://lemmy.example/", "username": "peoria"}
        assert (await save(admin, path, **form, password="right-one"))[0] == 403
        await admin.become_admin(board.admin_link())
        status, page = await save(admin, path, **form, password="wrong-one")
        assert (status, "asked https://lemmy.example" in page) == (200, True)
        assert with_written_credentials(settings).lemmy_instance is None, "not kept"
        for odd in ({"instance": "lemmy"}, {"username": ""}, {"password": "a\nb"}):
            given = {**form, "password": "right-one", **odd}
            assert (await save(admin, path, **given))[0] == 400
        heard = {**form, "instance": "http://lemmy.example", "password": "right-one"}
        status, page = await save(admin, path, **heard)
        assert (status, "cannot be used: it must begin with https://, as every" in page) == (
            400,
            True,
        )
        status, page = await save(admin, path, **form, password="right-one")
        assert status == 200
        assert "right-one" not in page
        assert (await save(admin, f"{path}/watched", watched="memes"))[0] == 400
        # As long as a form may be: what is kept is read back at the next start.
        many = ",".join(f"memes@{n}.example" for n in range(1500))
        assert (await save(admin, f"{path}/watched", watched=many))[0] == 400
        assert (await save(admin, f"{path}/watched", watched="!Memes@lemmy.ml"))[0] == 303
        _, page = await admin.page("/admin/setup")
        assert "right-one" not in page
        assert 'value="https://lemmy.example"' in page
        assert 'value="Memes@lemmy.ml"' in page or 'value="memes@lemmy.ml"' in page
    await board.stop()
    found = with_written_credentials(settings)
    assert found.lemmy_password is not None
    assert found.lemmy_password.get_secret_value() == "right-one"
    assert (found.lemmy_instance, found.lemmy_username) == ("https://lemmy.example", "peoria")
    assert not found.sets_account(PlatformName.LEMMY), "the page may change it again"
    written = settings.data_dir / "credentials" / "lemmy"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    own = settings.model_copy(update={"lemmy_instance": "https://own.example"})
    assert own.sets_account(PlatformName.LEMMY)
    assert with_written_credentials(own).lemmy_password is None, "never sent elsewhere"
    written.write_text("{")
    with pytest.raises(WrittenRefused, match="type it in once more"):
        with_written_credentials(settings)


async def test_subreddits_are_chosen_on_the_page(app: App, settings: Settings) -> None:
    async with admin_of(app, Discord()) as admin:
        status, page = await save(admin, "/admin/setup/subreddits", subreddits="r/aww, pics,AWW")
        assert status == 303
        _, page = await admin.page("/admin/setup")
        assert 'value="aww, pics"' in page
        for wrong in ("r/all", "no spaces", "a+b", "<script>"):
            status, page = await save(admin, "/admin/setup/subreddits", subreddits=wrong)
            assert status == 400
            assert "not names of subreddits" in page
    assert with_written_credentials(settings).reddit_subreddits == ("aww", "pics")
    own = settings.model_copy(update={"reddit_subreddits": ("cats",)})
    assert with_written_credentials(own).reddit_subreddits == ("cats",)


async def test_subreddits_of_a_setting_are_left_alone(app: App, settings: Settings) -> None:
    async with admin_of(app, Discord(), reddit_subreddits=("cats",)) as admin:
        _, page = await admin.page("/admin/setup")
        assert "PEORIA_REDDIT_SUBREDDITS</code>: cats" in page
        status, _ = await save(admin, "/admin/setup/subreddits", subreddits="aww")
        assert status == 409
    assert not settings.written_subreddits.exists()


async def test_what_a_setting_says_is_left_alone(app: App, settings: Settings) -> None:
    own = settings.data_dir / "own-token"
    own.write_text(TOKEN)
    async with admin_of(app, Discord(), discord_token_file=own) as admin:
        _, page = await admin.page("/admin/setup")
        assert "It is set by" in page
        status, _ = await save(admin, "/admin/setup/discord", token="another")
        assert status == 409
    assert not settings.written_discord_token.exists()


async def test_only_the_admin_and_nobody_who_may_be_listened_to(
    app: App, board: WebPlatform, bob: Visitor, settings: Settings
) -> None:
    assert (await bob.page("/admin/setup"))[0] == 403
    for path in ("/admin/setup/discord", "/admin/setup/discord/check"):
        assert (await save(bob, path, token=TOKEN))[0] == 403
    await bob.become_admin(board.admin_link())
    proxied: dict[str, Any] = {"X-Forwarded-For": "203.0.113.9"}
    async with bob.send("/admin/setup/discord", {"token": TOKEN}, **proxied) as answer:
        assert answer.status == 403
        assert "listen" in await answer.text()
    assert not settings.written_discord_token.exists()
