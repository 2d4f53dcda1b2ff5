from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.runtime.download import Downloader
from bot.serving.image_sources import SourceUnread, named_images, read_image


async def test_files_folders_addresses_and_standard_input_are_told_apart(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    for name in ("b.PNG", "a.jpg", "notes.txt", "inner/c.webp", ".hidden/d.png", ".e.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    (tmp_path / "empty").mkdir()
    names = [
        "https://example.org/a//b.png",
        str(folder),
        "-",
        "-",
        str(tmp_path / "empty"),
        "no.png",
    ]
    found = named_images(names)
    assert [each.name for each in found] == [
        "https://example.org/a//b.png",
        *(str(folder / name) for name in ("a.jpg", "b.PNG", "inner/c.webp")),
        "-",
        "-",
        str(tmp_path / "empty"),
        "no.png",
    ]
    assert [each.name for each in found if each.wrong] == ["-", str(tmp_path / "empty")]


async def test_an_address_is_fetched_within_the_bounds_of_every_download() -> None:
    async def give(_: web.Request) -> web.Response:
        return web.Response(body=b"0123456789")

    app = web.Application()
    app.router.add_get("/a.png", give)
    async with TestServer(app) as server:
        (source,) = named_images([str(server.make_url("/a.png"))])
        (gone,) = named_images([str(server.make_url("/b.png"))])
        for trusted, most, says in (
            (["127.0.0.1"], 10, None),
            ([], 10, "private address"),
            (["127.0.0.1"], 9, "larger than"),
        ):  # fmt: skip
            downloader = Downloader(max_bytes=most, seconds=5, at_once=1, trusted_hosts=trusted)
            try:
                if says is None:
                    assert await read_image(source, downloader, most) == b"0123456789"
                    with pytest.raises(SourceUnread, match="nothing at its address"):
                        await read_image(gone, downloader, most)
                else:
                    with pytest.raises(SourceUnread, match=says):
                        await read_image(source, downloader, most)
            finally:
                await downloader.close()


async def test_of_a_file_no_more_is_read_than_says_that_it_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(bytes(100))
    downloader = Downloader(max_bytes=10, seconds=5, at_once=1)
    (source, missing) = named_images([str(path), str(tmp_path / "missing.png")])
    assert len(await read_image(source, downloader, 10)) == 11
    with pytest.raises(SourceUnread, match=r"cannot be read: No such file or directory\."):
        await read_image(missing, downloader, 10)
