"""Reddit as one platform among others, or the only one."""

import asyncio
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from bot.app import build, running
from bot.core import open_core
from bot.platform import PlatformRefused
from bot.reddit.platform import RedditPlatform
from storage.tables import Notice, Post
from storage.types import PlatformName, ServiceState
from tests.bot.reddit.conftest import Bot, OpenBot, reddit_settings
from tests.fakes.clock import FakeClock
from tests.fakes.reddit import PASSWORD, FakeReddit

ROOT = Path(__file__).parents[3]


async def test_it_runs_where_nothing_else_is_set_up(
    data_dir: Path, reddit: FakeReddit, clock: FakeClock
) -> None:
    reddit.post("aww")
    async with open_core(reddit_settings(data_dir, reddit.origin), clock=clock) as core:
        app = build(core)
        assert [*app.platforms] == [PlatformName.REDDIT]
        # Token, who we are, about r/aww, its posts, the inbox.
        looked = reddit.reach(5)
        async with running(app):
            await asyncio.wait_for(looked, 60)
            assert isinstance(app.platforms[PlatformName.REDDIT], RedditPlatform)
    paths = [path for _, path in reddit.requests]
    assert paths[:4] == ["/api/v1/access_token", "/api/v1/me", "/r/aww/about", "/r/aww/new"]


async def test_without_credentials_praw_is_not_even_imported(tmp_path: Path) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "import main, bot.app\nprint(sorted(m for m in sys.modules if m.startswith('praw')))"
    )
    done = subprocess.run(  # noqa: S603, ASYNC221
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


async def test_a_revoked_account_at_the_start_is_refused_with_what_to_do(
    start: OpenBot, reddit: FakeReddit
) -> None:
    reddit.revoked = True
    async with start() as bot:
        with pytest.raises(PlatformRefused, match="PEORIA_REDDIT_PASSWORD"):
            await bot.reddit.start()
        await bot.reddit.stop()


@pytest.mark.parametrize("refused", ["at-the-start", "later"])
async def test_credentials_that_are_changed_are_taken_up(
    start: OpenBot, reddit: FakeReddit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    refused: str,
) -> None:  # fmt: skip
    """The password is changed on Reddit, and later in the file."""
    monkeypatch.setattr("bot.runtime.another_try.CHECK_SECONDS", 0.05)
    monkeypatch.setattr("bot.networks.service._TICK_SECONDS", 0.05)
    file = tmp_path / "reddit"
    file.write_text(f"password = {PASSWORD}\n")
    file.chmod(0o600)
    async with start(reddit_credentials_file=file, web=True, web_port=0) as bot:
        services = bot.app.core.services
        reddit.revoked = refused == "at-the-start"

        async def until(state: ServiceState | None) -> None:
            async with asyncio.timeout(20):
                while [each.state for each in services.not_running.values()] != (  # noqa: ASYNC110
                    [] if state is None else [state]
                ):
                    await asyncio.sleep(0.01)

        async with running(bot.app):
            if refused == "later":
                await until(None)
                reddit.revoked = True
                reddit.tokens.clear()
                bot.clock.forward(61)
            await until(ServiceState.STOPPED)
            shown = reddit.post("aww", created_utc=bot.clock().timestamp())
            reddit.revoked = False
            file.write_text(f"password = {PASSWORD}\nuser_agent = linux:peoria:1 (by /u/ann)\n")
            await until(None)
            async with asyncio.timeout(20):
                while await bot.post(shown["name"]) is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            # That it runs is known a moment before it is on record.
            async with asyncio.timeout(20):
                while len(notices := await bot.all(Notice)) < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        told, again = notices
        assert told.text.startswith("Reddit has stopped: Reddit does not let this account in")
        assert again.text == "Reddit runs again."


async def test_reddit_may_be_away_at_the_start(
    start: OpenBot, reddit: FakeReddit, caplog: pytest.LogCaptureFixture
) -> None:
    reddit.fail("/", times=1, status=503)
    reddit.post("aww")
    async with start() as bot:
        with caplog.at_level(logging.WARNING):
            await bot.reddit.start()
        await bot.reddit.stop()
        assert "trying again" in caplog.text


async def test_no_secret_reaches_log_or_database(
    start: OpenBot, reddit: FakeReddit, caplog: pytest.LogCaptureFixture
) -> None:
    reddit.post("aww")
    reddit.fail("/api/comment", cut=True)
    with caplog.at_level(logging.DEBUG):
        async with start() as bot:
            await bot.tick()
            bot.clock.forward(60)
            reddit.tokens.clear()
            reddit.revoked = True
            await bot.tick()
    secrets = [PASSWORD, "client-secret", "token-1"]
    ours = "\n".join(each.getMessage() for each in caplog.records if each.name.startswith("bot"))
    assert ours
    stored = b"".join(
        path.read_bytes() for path in bot.app.core.settings.data_dir.glob("peoria.db*")
    )
    for secret in secrets:
        assert secret not in ours
        assert secret.encode() not in stored


async def test_nobody_is_named_in_the_database(bot: Bot, reddit: FakeReddit) -> None:
    shown = reddit.post("aww", author="ann-the-author")
    reddit.message(reddit.comment(shown["name"], "!optout", "bob-the-commenter"))
    await bot.tick()
    assert len(await bot.all(Post)) == 1
    for path in bot.app.core.settings.data_dir.glob("peoria.db*"):
        assert b"ann-the-author" not in path.read_bytes()
        assert b"bob-the-commenter" not in path.read_bytes()
