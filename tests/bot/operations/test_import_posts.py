import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.core import Core
from bot.operations.import_images import NO_NETWORK, ImageImport
from bot.operations.import_posts import Import, ImportReport, find_or_add_imported_community
from bot.runtime.download import DownloadFailed, DownloadRefused
from models.percentiles import BucketRule
from storage.files.image_store import ImageStore
from storage.files.posts_export import read_posts
from storage.tables import Author, Base, Embedding, Image, Label, Post, PostImage, Snapshot
from storage.types import Bucket, PostOrigin, PostState
from tests.fixtures import images

SCORES = (5, 0, 0, 900, 12)


class Killed(BaseException):
    """Like a signal: nothing on the way catches it."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Images of posts p0 … p4, all different."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(len(SCORES)):
        picture = images.encode(images.photo(40 + number, 30), "PNG")
        (folder / f"p{number}.png").write_bytes(picture)
    return folder


@pytest.fixture
def posts(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of posts p0 … p4, an hour apart, and whatever comes besides."""

    def write(*others: dict[str, Any]) -> Path:
        rows = [
            {
                "id": f"p{number}", "created_utc": 1.6e9 + 3600 * number, "ups": score,
                "title": f"Post {number}", "author": "ann" if number % 2 else "[deleted]",
            }
            for number, score in enumerate(SCORES)
        ]  # fmt: skip
        path = tmp_path / "posts.json"
        path.write_text(json.dumps([*rows, *others]))
        return path

    return write


def other(post_id: str, **changes: Any) -> dict[str, Any]:
    return {"id": post_id, "created_utc": 1.6e9, "ups": 1, **changes}


async def run(
    core: Core,
    path: Path,
    folder: Path | None,
    rule: BucketRule | None = None,
) -> ImportReport:
    community = await find_or_add_imported_community(core.database, "r/memes", rule, core.clock())
    images_of_posts = ImageImport(
        core.images, core.serving, core.downloader,
        folder=folder, at_once=core.settings.downloads_at_once,
    )  # fmt: skip
    posts = Import(
        core.database, core.serving, images_of_posts, community,
        people_key=core.people_key, clock=core.clock,
    )  # fmt: skip
    read, dropped = read_posts(path, now=core.clock())
    return await posts.run(read, dropped, lambda done, total: None)


async def count(core: Core, table: type[Base]) -> int:
    async with core.database.read() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def everything(core: Core) -> list[int]:
    return [await count(core, table) for table in (Post, Image, Embedding, Snapshot, Label)]


async def test_posts_come_in_with_image_embedding_score_and_label(
    core: Core, posts: Callable[..., Path], folder: Path
) -> None:
    report = await run(core, posts(), folder)
    assert (report.imported, report.labelled, report.known) == (5, 5, 0)
    assert await everything(core) == [5] * 5
    assert await count(core, Author) == 1
    async with core.database.read() as session:
        stored = (await session.scalars(select(Post).order_by(Post.posted_at))).all()
        labels = {each.post_id: each for each in await session.scalars(select(Label))}
    assert {each.state for each in stored} == {PostState.LABELLED}
    assert {each.origin for each in stored} == {PostOrigin.IMPORTED}
    assert {each.due_at for each in stored} == {None}
    assert stored[0].source_id == "t3_p0"
    found = [labels[each.id] for each in stored]
    assert [each.score for each in found] == list(SCORES)
    # Each among the ones before it, as if they had been watched live.
    assert [(each.percentile_low, each.percentile_high) for each in found] == [
        (0, 1), (0, 0.5), (0, pytest.approx(2 / 3)), (0.75, 1), (pytest.approx(0.6), 0.8),
    ]  # fmt: skip
    assert found[0].matured_at == stored[0].posted_at + timedelta(days=1)


async def test_a_second_import_changes_nothing(
    core: Core, posts: Callable[..., Path], folder: Path
) -> None:
    await run(core, posts(), folder)
    report = await run(core, posts(), folder)
    assert (report.imported, report.labelled, report.known) == (0, 0, 5)
    assert await everything(core) == [5] * 5


@pytest.mark.parametrize("killed_at", range(5))
async def test_an_import_that_was_cut_short_is_finished_by_the_next(
    core: Core,
    posts: Callable[..., Path],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    killed_at: int,
) -> None:
    put, calls = ImageStore.put, 0

    def cut_short(self: ImageStore, data: bytes) -> str:
        nonlocal calls
        calls += 1
        if calls > killed_at:
            raise Killed
        return put(self, data)

    monkeypatch.setattr("bot.operations.import_posts.BATCH", 2)
    core.settings.__dict__["downloads_at_once"] = 1
    path = posts()
    with monkeypatch.context() as patch:
        patch.setattr(ImageStore, "put", cut_short)
        with pytest.raises(Killed):
            await run(core, path, folder)
    assert await count(core, Label) == 0
    already = await count(core, Post)
    assert already == 2 * (killed_at // 2)
    report = await run(core, path, folder)
    assert (report.imported, report.known, report.labelled) == (5 - already, already, 5)
    assert await everything(core) == [5] * 5


async def test_posts_without_a_usable_image_are_named_with_the_reason(
    core: Core, posts: Callable[..., Path], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fetch(url: str) -> bytes:
        if url.endswith("dead"):
            raise DownloadRefused("The link is dead.")
        return images.encode(images.photo(), "JPEG")

    monkeypatch.setattr(core.downloader, "fetch", fetch)
    (folder / "bad.jpg").write_bytes(images.truncated())
    path = posts(
        other("none"), other("bad"), other("gone", media="https://example.org/dead"),
        other("there", media="https://example.org/there"), other("../p1"), other("☃" * 100),
        {"id": "no-score", "created_utc": 1.6e9},
    )  # fmt: skip
    report = await run(core, path, folder)
    assert report.imported == 6
    assert set(report.without_image) == {"none", "bad", "gone", "../p1", "☃" * 100}
    assert report.without_image["gone"] == "The link is dead."
    assert all(reason.endswith(".") for reason in report.without_image.values())
    assert dict(report.dropped) == {"no score": 1}


async def test_without_a_network_it_is_not_tried_for_ever(
    core: Core, posts: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    async def fetch(url: str) -> bytes:
        tried.append(url)
        raise DownloadFailed("no connection")

    monkeypatch.setattr(core.downloader, "fetch", fetch)
    path = posts(*(other(f"q{n}", media=f"https://example.org/{n}") for n in range(60)))
    report = await run(core, path, None)
    assert report.imported == 0
    assert len(report.without_image) == 65
    assert NO_NETWORK <= len(tried) < NO_NETWORK + core.settings.downloads_at_once


async def test_thresholds_decide_the_buckets(
    core: Core, posts: Callable[..., Path], folder: Path
) -> None:
    await run(core, posts(), folder, BucketRule(4, 100))
    async with core.database.read() as session:
        buckets = (await session.scalars(select(Label.bucket).order_by(Label.matured_at))).all()
    assert list(buckets) == [Bucket.MEDIUM, Bucket.LOW, Bucket.LOW, Bucket.HIGH, Bucket.MEDIUM]


async def test_where_images_were_linked_from_is_never_kept(
    core: Core, folder: Path, posts: Callable[..., Path]
) -> None:
    (folder / "linked.png").write_bytes(images.encode(images.photo(77, 30), "PNG"))
    path = posts(other("linked", media="https://i.example/linked.png"))
    await run(core, path, folder)
    async with core.database.read() as session:
        sources = (await session.scalars(select(PostImage.source))).all()
    assert len(sources) == len(SCORES) + 1
    assert all(source.startswith("sha256:") for source in sources)
