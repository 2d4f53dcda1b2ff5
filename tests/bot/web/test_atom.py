"""Feeds for readers: valid XML whatever people write, and nothing that is kept back."""

from xml.etree import ElementTree

import pytest
from sqlalchemy import update

from bot.app import App
from bot.web.atom import _text
from bot.web.platform import WebPlatform
from storage.tables import Community, Post
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import Visitor

ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = "</title><script>alert(1)</script> ]]> &amp; \u202e \ufffe \U0001f600 <!--"


async def _feed(visitor: Visitor, kind: str) -> ElementTree.Element:
    status, text = await visitor.page(f"/communities/1/{kind}.atom")
    assert status == 200
    return ElementTree.fromstring(text)  # noqa: S314 - our own


async def test_posts_and_outcomes_whatever_their_titles(
    ann: Visitor, bob: Visitor, board: WebPlatform, app: App, clock: FakeClock
) -> None:
    _, made = await ann.post(title=HOSTILE)
    await board.tasks.idle()
    feed = await _feed(bob, "feed")
    (entry,) = feed.findall(f"{ATOM}entry")
    title = entry.findtext(f"{ATOM}title") or ""
    assert title == HOSTILE.replace("\ufffe", "\ufffd")
    link = entry.find(f"{ATOM}link")
    assert link is not None
    assert link.get("href") == f"{board.url}posts/{made['post']['id']}"
    assert entry.findtext(f"{ATOM}summary")
    assert not (await _feed(bob, "outcomes")).findall(f"{ATOM}entry")
    await bob.vote(made["post"]["id"], 1)
    clock.forward(31 * 60)
    await app.jobs.run_due()
    outcomes = await _feed(bob, "outcomes")
    (outcome,) = outcomes.findall(f"{ATOM}entry")
    assert outcome.findtext(f"{ATOM}summary")
    for each in (feed, outcomes):
        names = [each.findtext(f"{ATOM}{name}") for name in ("id", "title", "updated")]
        assert all(names)
        assert each.find(f"{ATOM}author/{ATOM}name") is not None
    ids = {each.findtext(f"{ATOM}id") for each in (feed, entry, outcomes, outcome)}
    assert len(ids) == 4


async def test_what_may_not_be_seen_is_in_no_feed(
    ann: Visitor, bob: Visitor, app: App, post_id: int, clock: FakeClock
) -> None:
    async with app.core.database.write() as session:
        await session.execute(update(Community).values(blind=True))
    (entry,) = (await _feed(bob, "feed")).findall(f"{ATOM}entry")
    assert not entry.findtext(f"{ATOM}summary")
    async with app.core.database.write() as session:
        await session.execute(update(Post).values(hidden_at=clock()))
    assert not (await _feed(bob, "feed")).findall(f"{ATOM}entry")
    async with app.core.database.write() as session:
        await session.execute(update(Community).values(on_site=False))
    for path in ("/communities/1/feed.atom", "/communities/99/outcomes.atom"):
        assert (await bob.page(path))[0] == 404


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\x1f", "\ud800", "\uffff", "\ufffe"])
def test_what_xml_cannot_hold_is_replaced(character: str) -> None:
    element = ElementTree.Element("a")
    element.text = _text(f"x{character}y")
    again = ElementTree.fromstring(ElementTree.tostring(element))  # noqa: S314 - our own
    assert again.text == "x\ufffdy"
