"""The fuzzer of the benchmark knows every route, and what it sends is answered."""

import random
from urllib.parse import urlsplit

from benchmarks.board_attacks import ROUTES, Board, make_request
from bot.web.platform import WebPlatform
from bot.web.site import make_site
from tests.fakes.visitor import Visitor


async def test_every_route_is_attacked(board: WebPlatform) -> None:
    site = make_site(board._services)
    assert {each.canonical for each in site.router.resources()} == set(ROUTES)


async def test_a_fuzzer_finds_no_fault(ann: Visitor, board: WebPlatform, post_id: int) -> None:
    await ann.become_admin(board.admin_link())
    cookies = "; ".join(f"{each.key}={each.value}" for each in ann.session.cookie_jar)
    parts = urlsplit(board.url)
    attacked = Board(parts.hostname or "", parts.port or 0)
    rng = random.Random(7)  # noqa: S311 - the same each time
    for number in range(200):
        who = cookies.encode() if number % 2 else b""
        request = make_request(rng, attacked, who)
        attacked.note(request, (await attacked.ask(request))[0])
    assert attacked.failed == []
    assert len(attacked.statuses) > 3
