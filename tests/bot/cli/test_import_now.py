"""`main.py lemmy import`, from its beginning to its end."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.cli.import_now import import_now
from bot.core import open_core
from bot.operations.left_imports import NO_ACCOUNT
from bot.platform import PlatformRefused
from bot.posts.history_imports import newest_import
from bot.runtime.system_clock import SystemClock
from bot.settings import load_settings
from storage.tables import HistoryImport
from storage.types import PlatformName
from tests.fakes.lemmy import FakeLemmy, serving
from tests.fakes.lemmy.server import ME, PASSWORD


async def test_the_past_is_imported_by_a_command(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SystemClock()
    lemmy = FakeLemmy(lambda: clock() - timedelta(days=3))
    told: list[Mapping[str, int]] = []
    async with serving(lemmy):
        for title in ("One", "Two"):
            lemmy.post(title)
        given = {
            "data_dir": data_dir,
            "lemmy_instance": lemmy.origin,
            "lemmy_username": ME,
            "lemmy_password": PASSWORD,
            "lemmy_communities": "memes@lemmy.world",
            "download_allow_hosts": "127.0.0.1",
        }
        for name, value in given.items():
            monkeypatch.setenv(f"PEORIA_{name.upper()}", str(value))
        ended = await import_now(PlatformName.LEMMY, "memes@lemmy.world", 30, told.append)
        assert (ended.counts["stored"], ended.fault) == (2, None)
        assert told[-1] == ended.counts
        with pytest.raises(PlatformRefused, match="Mastodon is not set up"):
            await import_now(PlatformName.MASTODON, "#cats", 30, told.append)
        monkeypatch.setenv("PEORIA_LEMMY_PASSWORD", "another")
        async with open_core(load_settings()) as core:
            running = core.services.report("lemmy", "Lemmy")

            async def refused() -> HistoryImport | None:
                with pytest.raises(PlatformRefused, match="PEORIA_LEMMY_PASSWORD"):
                    await import_now(PlatformName.LEMMY, "memes@lemmy.world", 30, told.append)
                async with core.database.read() as session:
                    return await newest_import(session, ended.community_id)

            await running.running()
            last = await refused()
            assert last is not None
            assert last.ended_at is None, "a Peoria that is let in goes on with it"
            await running.closed()
            async with core.database.write() as session:
                # The wait after what failed is over.
                await session.execute(update(HistoryImport).values(claimed_until=None))
            last = await refused()
            assert last is not None
            assert last.fault == NO_ACCOUNT, "it says so on the site, too"
