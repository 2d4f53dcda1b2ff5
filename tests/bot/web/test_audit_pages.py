"""Who changed what, on the board and on the command line, for the admin to read."""

from sqlalchemy import select

from bot.app import App
from bot.audit import COMMAND_LINE, Action, Actor
from bot.web.audit_pages import WORDS
from bot.web.platform import WebPlatform
from storage.tables import AuditEntry
from storage.types import PlatformName
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import Visitor


async def test_every_change_of_the_admin_is_told_and_no_secret_with_it(
    app: App, board: WebPlatform, bob: Visitor, post_id: int, clock: FakeClock
) -> None:
    assert (await bob.page("/admin/audit"))[0] == 403
    await bob.become_admin(board.admin_link())
    number = str(post_id)
    for path, form in (
        ("/admin/hide", {"post": number}),
        ("/admin/show", {"post": number}),
        ("/admin/ban", {"post": number}),
        ("/admin/unban", {"author": "1"}),
        ("/admin/ban-voters", {"post": number}),
        ("/admin/release", {"post": number}),
        ("/admin/tokens", {"name": "Plots <1>", "read": "yes", "days": "90"}),
        ("/admin/tokens/1/revoke", {}),
        ("/communities/1/settings", {"on_site": "yes"}),
    ):
        clock.forward(1)
        async with bob.send(path, form) as answer:
            assert answer.status in (200, 303), path
    async with bob.send("/admin/hide", {"post": "999"}) as answer:
        assert answer.status == 404
    async with app.core.database.read() as session:
        entries = (await session.scalars(select(AuditEntry).order_by(AuditEntry.id))).all()
    assert [each.action for each in entries] == [
        "admin", "hide", "show", "ban", "unban", "ban_held", "release", "make_token",
        "revoke_token", "settings",
    ]  # fmt: skip
    assert {each.platform for each in entries} == {PlatformName.WEB}
    assert len({each.person for each in entries}) == 1
    _, page = await bob.page("/admin/audit")
    assert page.index("revoked a token") < page.index("hid a post")
    assert "Plots &lt;1&gt;" in page
    assert "peoria_" not in page
    _, exported = await bob.json("/me.json")
    assert len(exported["changes"]) == len(entries)


async def test_what_others_changed_is_there_page_by_page(
    app: App, board: WebPlatform, bob: Visitor, post_id: int
) -> None:
    await bob.become_admin(board.admin_link())
    discord = Actor(PlatformName.DISCORD, "7", "ab" * 32)
    await app.core.audit.note(discord, Action.WATCH, community_id=1)
    for number in range(50):
        await app.core.audit.note(COMMAND_LINE, Action.PROMOTE, details={"version": f"v{number}"})
    _, newest = await bob.page("/admin/audit")
    assert "command line" in newest
    assert "v49" in newest
    assert "Discord" not in newest.partition("<table>")[2].partition("</table>")[0]
    before = newest.partition("/admin/audit?before=")[2].partition('"')[0]
    _, older = await bob.page(f"/admin/audit?before={before}")
    assert "Person ababab" in older
    assert "Main Street" in older
    for odd in ("x", "-1", "9" * 30):
        assert (await bob.page(f"/admin/audit?before={odd}"))[0] in (200, 400)


def test_every_action_has_words() -> None:
    assert {*WORDS} == {*Action}
