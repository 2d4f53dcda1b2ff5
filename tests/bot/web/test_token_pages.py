import re

from bot.web.platform import WebPlatform
from tests.fakes.visitor import Visitor


async def send(visitor: Visitor, path: str, **form: str) -> tuple[int, str]:
    async with visitor.send(path, form) as answer:
        return answer.status, await answer.text()


async def communities(visitor: Visitor, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    async with visitor.session.get(f"{visitor.url}/api/v1/communities", headers=headers) as answer:
        return answer.status


async def test_a_token_is_made_shown_once_and_revoked(board: WebPlatform, bob: Visitor) -> None:
    await bob.become_admin(board.admin_link())
    status, page = await send(bob, "/admin/tokens", name="Plots <1>", read="yes", days="90")
    assert status == 200
    token = re.findall(r'class="token">([^<]+)<', page)[0]
    assert await communities(bob, token) == 200
    _, page = await bob.page("/admin/tokens")
    assert "Plots &lt;1&gt;" in page
    assert token not in page
    (path,) = re.findall(r'action="(/admin/tokens/\d+/revoke)"', page)
    assert (await send(bob, path))[0] == 303
    assert await communities(bob, token) == 401
    assert path not in (await bob.page("/admin/tokens"))[1]


async def test_what_makes_no_token_is_refused(board: WebPlatform, bob: Visitor) -> None:
    assert (await bob.page("/admin/tokens"))[0] == 403
    assert (await send(bob, "/admin/tokens", name="x", read="yes", days="90"))[0] == 403
    assert (await send(bob, "/admin/tokens/1/revoke"))[0] == 403
    await bob.become_admin(board.admin_link())
    for form in (
        {"name": "x", "days": "90"},
        {"name": " ", "read": "yes", "days": "0"},
        {"days": "1"},
    ):
        assert (await send(bob, "/admin/tokens", **form))[0] == 400
    assert (await send(bob, "/admin/tokens/7/revoke"))[0] == 404
