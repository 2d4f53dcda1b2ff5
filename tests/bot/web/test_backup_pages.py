from bot.app import App
from bot.web.platform import WebPlatform
from tests.fakes.visitor import Visitor


async def test_the_admin_has_a_backup_made(app: App, board: WebPlatform, ann: Visitor) -> None:
    assert (await ann.page("/admin/backups"))[0] == 403
    async with ann.send("/admin/backups", {}) as answer:
        assert answer.status == 403
    await ann.become_admin(board.admin_link())
    assert "There is none yet." in (await ann.page("/admin/backups"))[1]
    async with ann.send("/admin/backups", {}) as answer:
        assert answer.status == 303
    await board.tasks.idle()
    _, page = await ann.page("/admin/backups")
    (file,) = app.core.settings.backups_dir.glob("peoria-*.tar.gz")
    assert file.name in page
    assert "had a backup made" in (await ann.page("/admin/audit"))[1]
