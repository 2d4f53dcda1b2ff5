"""The board speaks six languages: by the browser, or as somebody chose."""

import re
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.app import App
from bot.texts.language import LANGUAGES
from bot.web import site
from bot.web.languages import preferred
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import Visitor

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.mark.parametrize(
    ("header", "spoken"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE-ch", "de"),
        ("nl, de;q=0.3, en;q=0.2", "de"),
        ("en;q=0.4, de;q=0.5", "de"),
        ("en, de", "en"),
        ("de;q=0", "en"),
        ("nl", "en"),
        ("fr-CA, en;q=0.5", "fr"),
        ("pt", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("es-419", "es"),
        ("ja-JP, en;q=0.9", "ja"),
        ("den", "en"),
        (";;;q=,", "en"),
    ],
)
def test_the_language_that_is_wanted_most(header: str, spoken: str) -> None:
    assert preferred(header) == spoken


@given(st.text(max_size=200))
def test_any_header_is_read(header: str) -> None:
    assert preferred(header) in LANGUAGES


async def test_a_browser_is_answered_in_its_language(ann: Visitor, bob: Visitor) -> None:
    async with ann.session.get(ann.url + "/", headers=GERMAN) as answer:
        page = await answer.text()
        assert answer.headers["Content-Language"] == "de"
    assert '<html lang="de">' in page
    assert "Die Bühne ist leer" in page
    status, page = await bob.page("/nowhere", **GERMAN)
    assert status == 404
    assert "vielleicht wurde es gelöscht" in page
    assert '<html lang="en">' in (await bob.page("/"))[1]


async def test_a_choice_counts_more_and_leads_back(ann: Visitor) -> None:
    async with ann.session.get(
        f"{ann.url}/language/en", headers={"Referer": f"{ann.url}/league?board=posts"} | GERMAN,
        allow_redirects=False,
    ) as answer:  # fmt: skip
        assert answer.status == 303
        assert answer.headers["Location"] == "/league?board=posts"
    assert '<html lang="en">' in (await ann.page("/", **GERMAN))[1]
    assert (await ann.page("/language/nl"))[0] == 404


@pytest.mark.parametrize(
    "page", ["https://elsewhere.example/x", "nonsense", "http://[", "//elsewhere.example/"]
)
async def test_a_choice_leads_nowhere_else(ann: Visitor, page: str) -> None:
    async with ann.session.get(
        f"{ann.url}/language/de", headers={"Referer": page}, allow_redirects=False
    ) as answer:
        assert answer.headers["Location"] == "/"


async def test_cards_are_in_the_language_of_who_reads_them(
    app: App, ann: Visitor, bob: Visitor, post_id: int, clock: FakeClock
) -> None:
    clock.forward(60)
    status, page = await bob.page(f"/posts/{post_id}", **GERMAN)
    assert status == 200
    assert "Wie wird es laufen?" in page
    assert ">Niedrig" in page
    assert "vor 1 Min." in page
    # Numbers and shares, too: they are made on another thread.
    assert "gleich wahrscheinlich" in page or " %" in page
    assert "Would beat" not in page
    # A program is spoken to in English.
    _, post = await bob.json(f"/posts/{post_id}.json", **GERMAN)
    assert "ist" not in " ".join(post["prediction"]["sentences"]).split()


async def test_every_page_is_served_in_german(
    app: App, ann: Visitor, board: object, post_id: int
) -> None:
    from bot.web.platform import WebPlatform

    assert isinstance(board, WebPlatform)
    await ann.become_admin(board.admin_link())
    paths = (
        f"/posts/{post_id}", "/", "/communities", "/communities/1", "/communities/1/settings",
        "/search?q=title", "/try", "/meme", "/league", "/league?board=models", "/stats",
        "/measures",
        "/plays", "/models", "/me", "/admin", "/admin/setup", "/admin/tokens",
        "/admin/audit", "/admin/backups", "/admin/settings",
        "/models/versions/starter",
    )  # fmt: skip
    for path in paths:
        status, page = await ann.page(path, **GERMAN)
        assert status == 200, path
        assert '<html lang="de">' in page, path
        assert "%(" not in page, path


async def test_a_card_and_the_league_are_served_in_every_language(
    ann: Visitor, post_id: int
) -> None:
    for language, path in product(LANGUAGES, (f"/posts/{post_id}", "/", "/league")):
        status, page = await ann.page(path, **{"Accept-Language": language})
        assert status == 200, path
        assert f'<html lang="{language}">' in page
        assert "%(" not in page, path
        # Every other language is one click away.
        others = set(re.findall(r'href="/language/([\w-]+)"', page))
        assert others == {*LANGUAGES} - {language}


async def test_a_refusal_of_a_form_is_in_german(ann: Visitor) -> None:
    await ann.page("/")
    async with ann.send("/posts", {"title": "x"}, json=True, **GERMAN) as answer:
        told = (await answer.json())["error"]
    assert told.startswith("Schicke ein Formular")


def test_no_two_wishes_are_compared_by_their_order_alone() -> None:
    for low, high in pairwise((0.1, 0.2, 0.9)):
        assert preferred(f"en;q={low}, de;q={high}") == "de"
        assert preferred(f"de;q={low}, en;q={high}") == "en"


def test_every_script_of_the_pages_is_loaded_at_once() -> None:
    static = Path(site.__file__).parent / "static"
    known, found = {"main.js"}, set()
    while known:
        text = (static / known.pop()).read_text("utf-8")
        new = {each for each in re.findall(r'from "\./([\w.]+)"', text) if each not in found}
        found |= new
        known |= new
    assert found == set(site.MODULES)
