"""The past of a hashtag on Mastodon and on Bluesky, from loopback servers."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.bluesky.client import PAGE as BLUESKY_PAGE
from bot.mastodon.client import PAGE as MASTODON_PAGE
from bot.networks.network import Page, SeenPost
from storage.tables import HistoryImport, ImagelessPost, Label, Post
from storage.types import PlatformName, PostOrigin
from tests.bot.networks.running import Bot, Killed, OpenBot, running, settings_of
from tests.fakes import bluesky, mastodon
from tests.fakes.bluesky.server import HANDLE, PASSWORD
from tests.fakes.clock import FakeClock
from tests.fakes.mastodon.server import TOKEN

MINUTE, HOUR, DAY = 60, 3600, 86_400
OLD = 5


@dataclass(frozen=True)
class Scene:
    """A hashtag with a past on a loopback server, and a Peoria that watches it.

    Attributes:
        posts: what has a picture, by its title.
        delete: has one of them deleted there.
        start: starts Peoria.
    """

    posts: Mapping[str, Any]
    delete: Callable[[Any], object]
    start: OpenBot


def _past(
    clock: FakeClock, page: int, post: Callable[[str, str, int], Any], words: Callable[[], Any]
) -> Mapping[str, Any]:
    """Pictures of some days, and more words between them than a page of the listing holds."""
    found: dict[str, Any] = {}
    clock.forward(-OLD * DAY)
    for n in range(4):
        found[f"Picture {n}"] = post(f"Picture {n} #cats", ["ann", "bob"][n % 2], 10 * n)
        clock.forward(HOUR)
        for _ in range(page // 3):
            words()
    clock.forward(OLD * DAY - 4 * HOUR)
    return found


@asynccontextmanager
async def on_mastodon(data_dir: Path, clock: FakeClock) -> AsyncIterator[Scene]:
    server = mastodon.FakeMastodon(clock)
    async with mastodon.serving(server):

        def post(text: str, author: str, score: int) -> Any:
            return server.write(
                text, author=author, images=1, favourites_count=score, reblogs_count=1
            )

        def film() -> None:
            server.write("Film #cats", media_attachments=[{"type": "video", "url": "x"}])

        posts = _past(clock, MASTODON_PAGE, post, film)
        settings = settings_of(
            data_dir, mastodon_instance=server.origin, mastodon_token=TOKEN, mastodon_watch="#cats"
        )
        yield Scene(
            posts,
            lambda each: server.statuses.pop(each["id"]),
            lambda **_: running(PlatformName.MASTODON, settings, clock),
        )


@asynccontextmanager
async def on_bluesky(data_dir: Path, clock: FakeClock) -> AsyncIterator[Scene]:
    server = bluesky.FakeBluesky(clock)
    async with bluesky.serving(server):

        def post(text: str, author: str, score: int) -> Any:
            return server.post(text, author=author, likeCount=score, repostCount=1)

        posts = _past(clock, BLUESKY_PAGE, post, lambda: server.post("Words #cats", images=0))
        settings = settings_of(
            data_dir, bluesky_service=server.origin, bluesky_handle=HANDLE,
            bluesky_password=PASSWORD, bluesky_watch="#cats",
        )  # fmt: skip
        yield Scene(
            posts,
            lambda each: server.views.pop(each["uri"]),
            lambda **_: running(PlatformName.BLUESKY, settings, clock),
        )


@pytest.fixture(params=[on_mastodon, on_bluesky])
async def scene(
    request: pytest.FixtureRequest, data_dir: Path, clock: FakeClock
) -> AsyncIterator[Scene]:
    async with request.param(data_dir, clock) as found:
        yield found


async def past(bot: Bot) -> list[Post]:
    return [each for each in await bot.all(Post) if each.origin is PostOrigin.IMPORTED]


async def test_the_past_is_imported_once_whoever_dies_and_deletions_are_followed(
    scene: Scene, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene.start() as bot:
        await bot.later()
        await bot.platform.begin_import("#cats", since=clock() - timedelta(days=30))
        _die_before_the_second_page(bot, monkeypatch)
        with pytest.raises(Killed):
            await _for_a_while(bot)
        assert (await bot.all(HistoryImport))[0].ended_at is None
        assert 0 < len(await past(bot)) < 4, "what the first page holds"
    async with scene.start() as bot:
        await _for_a_while(bot)
        (row,) = await bot.all(HistoryImport)
        assert (row.ended_at is not None, row.fault) == (True, None)
        posts = await past(bot)
        assert sorted(each.title for each in posts) == sorted(f"{t} #cats" for t in scene.posts)
        assert sorted(each.score for each in await bot.all(Label)) == [1, 11, 21, 31]
        assert len(await bot.all(ImagelessPost)) == row.counts["no_image"]
        scene.delete(scene.posts["Picture 2"])
        for _ in range(9):
            await bot.later(11 * MINUTE)
        assert {each.title for each in await past(bot)} == {
            "", "Picture 0 #cats", "Picture 1 #cats", "Picture 3 #cats",
        }  # fmt: skip


async def _for_a_while(bot: Bot) -> None:
    """Longer than a process that died has an import to itself."""
    for _ in range(14):
        await bot.later(12)


def _die_before_the_second_page(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = bot.platform.network.newest

    async def die(community: str, after: str | None) -> Page[SeenPost]:
        if after is not None:
            raise Killed
        return await newest(community, after)

    monkeypatch.setattr(bot.platform.network, "newest", die)
