import asyncio
import json
import os
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Picture
from sqlalchemy import func, select

from bot.core import Core
from bot.operations.import_downloads import PER_HOST, HostDownloads
from bot.operations.import_images import ImageImport
from bot.operations.import_placeholders import REPEATED
from bot.operations.import_posts import (
    BATCH,
    OPTED_OUT,
    Import,
    ImportReport,
    find_or_add_imported_community,
)
from bot.people.consent import opt_out
from bot.people.identity import hash_person
from bot.runtime.download import Downloaded, DownloadFailed, DownloadRefused
from bot.serving.champion import ChampionServer
from bot.serving.embed import UndescribedImage
from models.decoding import ImageUnread
from models.percentiles import BucketRule
from storage.files.image_folder import ImageFolder
from storage.files.image_store import ImageStore
from storage.files.posts_export import read_posts
from storage.tables import (
    Author,
    Base,
    Embedding,
    Image,
    ImagelessPost,
    Label,
    Post,
    PostImage,
    Snapshot,
)
from storage.types import Bucket, PlatformName, PostOrigin, PostState
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


def picture(url: str) -> bytes:
    """One of its own for each address that ends with a number."""
    return images.encode(images.photo(30 + int(url.rsplit("/", 1)[1]), 30), "PNG")


class Time:
    """Passes when somebody waits, and takes no time."""

    def __init__(self) -> None:
        self.now = 0.0

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.now += seconds

    def monotonic(self) -> float:
        return self.now


async def run(
    core: Core,
    path: Path,
    folder: Path | None,
    rule: BucketRule | None = None,
    *,
    downloads: HostDownloads | None = None,
) -> ImportReport:
    community = await find_or_add_imported_community(core.database, "r/memes", rule, core.clock())
    time = Time()
    images_of_posts = ImageImport(
        core.images, core.serving,
        downloads or HostDownloads(core.downloader, sleep=time.sleep, monotonic=time.monotonic),
        folder=folder and ImageFolder(folder), at_once=core.settings.downloads_at_once,
    )  # fmt: skip
    posts = Import(
        core.database, core.serving, images_of_posts, community,
        people_key=core.people_key, clock=core.clock,
    )  # fmt: skip
    file = read_posts(path, now=core.clock())
    return await posts.run(file, lambda done, total: None)


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
    assert already <= killed_at
    report = await run(core, path, folder)
    assert (report.imported, report.known, report.labelled) == (5 - already, already, 5)
    assert await everything(core) == [5] * 5


async def test_posts_without_a_usable_image_are_named_with_the_reason(
    core: Core, posts: Callable[..., Path], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def download(url: str) -> Downloaded:
        if url.endswith("dead"):
            raise DownloadRefused("The link is dead.")
        return Downloaded(images.encode(images.photo(), "JPEG"), url)

    monkeypatch.setattr(core.downloader, "download", download)
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


async def test_posts_without_an_image_are_ranked_among_those_with_one_and_rank_none(
    core: Core, posts: Callable[..., Path], folder: Path
) -> None:
    at = 1.6e9 + 2.5 * 3600
    path = posts(
        other("x1", created_utc=at, ups=1, author="ann"), other("x2", created_utc=at, ups=800)
    )
    report = await run(core, path, folder)
    assert (report.imported, report.labelled, report.in_records) == (5, 5, 2)
    async with core.database.read() as session:
        found = (
            await session.scalars(select(ImagelessPost).order_by(ImagelessPost.source_id))
        ).all()
        query = select(Label).join(Post, Post.id == Label.post_id).order_by(Post.posted_at)
        labels = (await session.scalars(query)).all()
    # Three posts with an image came before: 5, 0 and 0.
    assert [(each.percentile_low, each.percentile_high) for each in found] == [
        (0.5, 0.75), (0.75, 1),
    ]  # fmt: skip
    assert [each.author_id is None for each in found] == [False, True]
    assert [each.matured_at for each in found] == [
        each.posted_at + timedelta(days=1) for each in found
    ]
    assert [each.percentile_low for each in labels[3:]] == [0.75, pytest.approx(0.6)]
    again = await run(core, path, folder)
    assert (again.imported, again.in_records, await count(core, ImagelessPost)) == (0, 2, 2)


async def test_an_image_that_comes_with_a_later_import_makes_it_a_post(
    core: Core, posts: Callable[..., Path], folder: Path
) -> None:
    path = posts(other("x1", created_utc=1.61e9))
    assert (await run(core, path, folder)).in_records == 1
    (folder / "x1.png").write_bytes(images.encode(images.photo(60, 30), "PNG"))
    report = await run(core, path, folder)
    assert (report.imported, report.labelled, report.in_records) == (1, 1, 0)
    assert await count(core, ImagelessPost) == 0


async def test_nothing_is_stored_of_who_opted_out(
    core: Core, posts: Callable[..., Path], folder: Path
) -> None:
    ann = hash_person(core.people_key, PlatformName.REDDIT, "ann")
    await opt_out(core.database, platform=PlatformName.REDDIT, person=ann, now=core.clock())
    report = await run(core, posts(other("x1", author="ann")), folder)
    # Of p0 to p4 she posted p1 and p3.
    assert report.without_image == dict.fromkeys(("p1", "p3", "x1"), OPTED_OUT)
    assert (report.imported, report.labelled, report.in_records) == (3, 3, 0)
    assert await everything(core) == [3] * 5
    assert await count(core, ImagelessPost) == 0


async def test_a_dead_host_is_left_alone_and_the_others_are_not(
    core: Core, posts: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest posts are on a host that is gone; then comes the one that is there."""
    tried: Counter[str] = Counter()

    async def download(url: str) -> Downloaded:
        tried[url.split("/")[2]] += 1
        if "gone.example" in url:
            raise DownloadFailed("no connection")
        return Downloaded(
            images.encode(images.photo(30 + int(url.rsplit("/", 1)[1]), 30), "PNG"), url
        )

    monkeypatch.setattr(core.downloader, "download", download)
    path = posts(
        *(other(f"q{n}", media=f"https://gone.example/{n}") for n in range(60)),
        *(other(f"r{n}", media=f"https://here.example/{n}", created_utc=1.61e9) for n in range(9)),
    )
    report = await run(core, path, None)
    assert report.imported == 9
    assert tried["here.example"] == 9
    assert tried["gone.example"] <= PER_HOST + 30
    why = {report.without_image[f"q{n}"] for n in range(60)}
    assert why == {
        "gone.example did not give it out (no connection); import the same file again later."
    }


async def test_many_hosts_that_are_away_keep_no_place_from_one_that_is_there(
    core: Core, posts: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    served, all_served = 0, asyncio.Event()
    time = Time()

    async def sleep(seconds: float) -> None:
        """Hosts that are away are waited for until the other one is done."""
        await all_served.wait()
        await time.sleep(seconds)

    async def download(url: str) -> Downloaded:
        nonlocal served
        if "here.example" not in url:
            raise DownloadFailed("the server answered 503")
        await asyncio.sleep(0.01)
        served += 1
        if served == 20:
            all_served.set()
        return Downloaded(picture(url), url)

    monkeypatch.setattr(core.downloader, "download", download)
    rows = [
        other(f"q{host}-{n}", media=f"https://{host}.example/{n}")
        for host in range(BATCH)
        for n in range(PER_HOST * 2)
    ]
    rows += [other(f"r{n}", media=f"https://here.example/{n}") for n in range(20)]
    downloads = HostDownloads(core.downloader, sleep=sleep, monotonic=time.monotonic)
    async with asyncio.timeout(60):
        report = await run(core, posts(*rows), None, downloads=downloads)
    assert report.imported == 20


async def test_two_imports_of_one_file_end_alike_whatever_the_hosts_did(
    core: Core, posts: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host fails for the whole of the first import, and for some of the second."""
    failing, asked = True, 0

    async def download(url: str) -> Downloaded:
        nonlocal asked
        asked += 1
        if failing or asked % 3:
            raise DownloadFailed("the server answered 503")
        return Downloaded(
            images.encode(images.photo(40 + int(url.rsplit("/", 1)[1]), 30), "PNG"), url
        )

    monkeypatch.setattr(core.downloader, "download", download)
    path = posts(*(other(f"q{n}", media=f"https://a.example/{n}") for n in range(12)))
    assert (await run(core, path, None)).imported == 0
    failing = False
    report = await run(core, path, None)
    assert (report.imported, report.labelled) == (12, 12)
    assert not {f"q{n}" for n in range(12)} & report.without_image.keys()


async def test_pictures_in_place_of_removed_ones_are_no_posts(
    core: Core, posts: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the address that a link leads to, by size, and because one file is under many posts."""
    stand_in = images.encode(images.photo(60, 40), "PNG")
    small = images.encode(Picture.new("RGB", (161, 81), "white"), "PNG")

    async def download(url: str) -> Downloaded:
        place = url.partition("?")[0].rsplit("/", 1)[-1]
        if "via" in url:
            return Downloaded(stand_in, "https://i.example/removed.png")
        if "small" in url:
            return Downloaded(small, url)
        if "same" in url:
            return Downloaded(images.encode(images.photo(70, 40), "JPEG"), url)
        if "repost" in url or "ok.jpg" in url:
            return Downloaded(images.encode(images.photo(80, 40), "JPEG"), url)
        return Downloaded(images.encode(images.photo(50 + int(place), 30), "PNG"), url)

    monkeypatch.setattr(core.downloader, "download", download)
    links = {
        **{f"via{n}": f"https://a.example/via/{n}" for n in range(7)},
        "small": "https://b.example/small",
        **{f"same{n}": f"https://e.example/same.php?id={n}" for n in range(REPEATED)},
        **{f"ok{n}": f"https://c.example/ok.jpg?{n}" for n in range(9)},
        "repost": "https://d.example/repost",
        **{f"good{n}": f"https://c.example/{n}" for n in range(4)},
    }
    path = posts(*(other(key, media=link) for key, link in links.items()))
    for imported, known in ((14, 0), (0, 14)):
        report = await run(core, path, None)
        assert (report.imported, report.known) == (imported, known)
        missing = {key: why for key, why in report.without_image.items() if key in links}
        assert sorted(missing) == sorted(
            key for key in links if key.startswith(("via", "small", "same"))
        )
        assert all(why.endswith(".") for why in missing.values())
        shared = [each.ids for each in report.repeated if not each.stands_in]
        assert shared == [sorted([*(f"ok{n}" for n in range(9)), "repost"])]
    assert await count(core, Label) == 14


def spoil(folder: Path) -> None:
    """A folder, a broken link, a huge file, and a name in no encoding in place of pictures."""
    (folder / "p0.png").unlink()
    (folder / "p0.png").mkdir()
    (folder / "p1.png").unlink()
    (folder / "p1.png").symlink_to(folder / "nowhere.png")
    with (folder / "p2.png").open("wb") as large:
        large.truncate(1_500_000_000)
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.png")).write_bytes(b"")


async def test_a_file_that_cannot_be_read_ends_nothing(
    core: Core, posts: Callable[..., Path], folder: Path
) -> None:
    spoil(folder)
    report = await run(core, posts(), folder)
    assert report.imported == 2
    assert set(report.without_image) == {"p0", "p1", "p2"}
    assert "cannot be read" in report.without_image["p1"]
    assert "MB" in report.without_image["p2"]


async def test_a_want_of_memory_is_no_verdict(
    core: Core, posts: Callable[..., Path], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed, calls = ChampionServer.embed_undescribed, 0

    async def want(self: ChampionServer, *asked: Any, **how: Any) -> UndescribedImage:
        nonlocal calls
        calls += 1
        if calls <= 2:
            raise ImageUnread
        return await embed(self, *asked, **how)

    monkeypatch.setattr(ChampionServer, "embed_undescribed", want)
    assert (await run(core, posts(), folder)).imported == 5


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
