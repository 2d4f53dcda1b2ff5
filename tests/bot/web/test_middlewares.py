import asyncio

import pytest
from yarl import URL

from bot.app import App
from bot.web.feed import Feed
from bot.web.middlewares import _host_name
from bot.web.platform import WebPlatform
from tests.fakes.visitor import Visitor, upload, visiting


def port_of(visitor: Visitor) -> str:
    return visitor.url.rpartition(":")[2]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "127.0.0.2"])
async def test_other_host_names_are_refused(ann: Visitor, host: str) -> None:
    for path in ("/", "/healthz", "/static/main.js", "/cards.json"):
        status, text = await ann.page(path, Host=f"{host}:{port_of(ann)}")
        assert status == 421
        assert "PEORIA_WEB_ALLOWED_HOSTS" in text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:1", "[::1]", "[::1]:80"])
async def test_own_host_names_are_answered_whatever_the_port(ann: Visitor, host: str) -> None:
    assert (await ann.page("/", Host=host))[0] == 200


@pytest.mark.parametrize(
    ("host", "name"),
    [("A:80", "a"), ("[::1]:80", "::1"), ("[::1]", "::1"), ("::1", "::1"), ("a", "a"), ("", "")],
)
def test_a_host_name_is_without_its_port(host: str, name: str) -> None:
    assert _host_name(host) == name


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_what_another_site_sends_is_refused(
    ann: Visitor, bob: Visitor, post_id: int, headers: dict[str, str]
) -> None:
    forms = {"/posts": upload(), f"/posts/{post_id}/vote": {"value": "1"}, "/models/train": {}}
    for path, form in forms.items():
        async with bob.send(path, form, json=True, **headers) as answer:
            assert answer.status == 403
            assert "did not come from a page of the board" in (await answer.json())["error"]
    _, post = await bob.json(f"/posts/{post_id}.json")
    assert post["votes"]["score"] == 0


async def test_a_browser_that_names_the_site_needs_no_origin(bob: Visitor, post_id: int) -> None:
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    async with bob.send(f"/posts/{post_id}/vote", {"value": "1"}, **headers) as answer:
        assert answer.status == 303


@pytest.mark.parametrize("sent", ["", "visitor=forged", "visitor=" + "g" * 32])
async def test_the_cookie_stays_with_the_board(ann: Visitor, sent: str) -> None:
    ann.session.cookie_jar.clear()
    async with ann.session.get(ann.url, headers={"Cookie": sent}) as answer:
        cookie = answer.cookies["visitor"]
    assert len(cookie.value.partition(".")[0]) == 32
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert not cookie["domain"]


async def test_who_follows_a_link_from_elsewhere_stays_who_they_are(ann: Visitor) -> None:
    ann.session.cookie_jar.clear()
    headers = {"Sec-Fetch-Site": "cross-site"}
    async with ann.session.get(ann.url, headers=headers) as answer:
        assert "visitor" not in answer.cookies


async def test_two_visitors_are_two(ann: Visitor, bob: Visitor) -> None:
    cookies = {next(iter(each.session.cookie_jar)).value for each in (ann, bob)}
    assert len(cookies) == 2


@pytest.mark.parametrize("path", ["/", "/models", "/nowhere", "/cards.json", "/static/main.js"])
async def test_every_answer_is_guarded(ann: Visitor, path: str) -> None:
    async with ann.session.get(ann.url + path) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Server"] == "Peoria"
        assert "Strict-Transport-Security" not in answer.headers
        assert answer.headers["Cache-Control"] in ("no-store", "no-cache")


async def test_pages_have_nothing_inline(ann: Visitor, post_id: int) -> None:
    for path in ("/", f"/posts/{post_id}", "/models", "/nowhere"):
        _, page = await ann.page(path)
        assert "style=" not in page
        assert "<style" not in page
        assert " onclick" not in page
        assert page.count("<script") == page.count('<script type="module" src=')
        # Whole addresses are the board's own: chats draw a card from them, and people copy them.
        others = page.replace(f"{ann.url.rstrip('/')}/posts/", "")
        assert "//" not in others.replace("<!doctype", "").replace("http-equiv", "")


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere", "/posts/999", "/posts/0", "/posts/999.json", "/images/999", "/posts/x",
        "/posts/999999999999999999", "/static/../board.py", "/static/%2e%2e/board.py", "/static/",
    ],
)  # fmt: skip
async def test_what_is_not_there_is_said_in_a_sentence(ann: Visitor, path: str) -> None:
    url = URL(ann.url + path, encoded=True)
    async with ann.session.get(url) as answer:
        text = await answer.text()
        assert answer.status in (403, 404)
    assert "Traceback" not in text
    assert "error" in text or "That did not work" in text


async def test_the_wrong_method_is_said_in_a_sentence(ann: Visitor) -> None:
    async with ann.send("/models", {}) as answer:
        assert answer.status == 405
        assert "cannot be done here" in await answer.text()


async def test_a_fault_of_ours_is_logged_and_not_shown(
    ann: Visitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(Feed, "page", fail)
    status, page = await ann.page("/")
    assert status == 500
    assert "went wrong" in page
    assert "secret detail" not in page
    assert "a secret detail" in caplog.text


async def test_a_form_that_is_too_long_is_refused(bob: Visitor, post_id: int) -> None:
    form = {"value": "1" * 100_000}
    async with bob.send(f"/posts/{post_id}/vote", form, json=True) as answer:
        assert answer.status == 413
        assert (await answer.json())["error"]


async def test_the_board_is_healthy(ann: Visitor) -> None:
    assert await ann.json("/healthz") == (200, {"ok": True})


async def test_a_stopped_board_lets_go_of_its_port(board: WebPlatform, app: App) -> None:
    async with visiting(board.url):
        pass
    port = int(board.url.rstrip("/").rpartition(":")[2])
    await board.stop()
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", port)
    server.close()
    await server.wait_closed()
