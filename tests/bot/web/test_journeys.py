"""People with a browser: what they do from page to page, and that nobody is shut out of a page."""

import os
import shutil
from collections.abc import AsyncIterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

from bot.app import App
from bot.settings import Settings
from bot.web.platform import WebPlatform
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import PICTURE, Visitor

CHROMIUM = (
    os.environ.get("PEORIA_TEST_CHROMIUM")
    or shutil.which("chromium")
    or shutil.which("chromium-browser")
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

#: A phone and a desk: width, colours.
SCREENS = ((390, "dark"), (1280, "light"))
FILE = {"name": "cat.png", "mimeType": "image/png", "buffer": PICTURE}
#: What a machine that does a dozen things at once may take, milliseconds.
PATIENCE = 120_000


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage"],
            timeout=PATIENCE,
        )
        yield browser
        await browser.close()


async def check(page: Page, path: str) -> None:
    """Nothing on a page shuts anybody out, and it is no wider than the screen."""
    found = await Axe().run(page)
    assert [each["id"] for each in found.response["violations"]] == [], path
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(width) <= 0, path


async def test_from_the_first_visit_to_the_first_outcome(
    browser: Browser, app: App, board: WebPlatform, clock: FakeClock, bob: Visitor
) -> None:
    for number, (width, colours) in enumerate(SCREENS, start=1):
        page = await browser.new_page(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if colours == "dark" else "light",
        )
        page.set_default_timeout(PATIENCE)
        errors: list[str] = []
        page.on("pageerror", lambda error, errors=errors: errors.append(str(error)))
        await page.goto(board.url)
        await page.set_input_files("input[name=image]", files=[FILE])
        await page.fill("input[name=title]", f"Cat {number}")
        await page.get_by_role("button", name="Post it").click()
        title = page.get_by_role("link", name=f"Cat {number}", exact=True).first
        await title.click()
        await page.get_by_role("heading", name="The whole prediction").wait_for()
        assert (await bob.vote(number, 1))[0] == 200
        await check(page, "post")
        for path in ("/", "/communities", "/search?q=cat", "/models", "/league", "/me"):
            await page.goto(board.url.rstrip("/") + path)
            await check(page, path)
        clock.forward(app.core.settings.board_horizon_minutes * 60 + 1)
        while await app.jobs.run_due():
            pass
        await page.goto(f"{board.url.rstrip('/')}/posts/{number}")
        await page.get_by_text("Final: later votes change nothing.").wait_for()
        await check(page, "outcome")
        await page.goto(board.admin_link())
        for path in ("/admin/setup", "/admin/tokens"):
            await page.goto(board.url.rstrip("/") + path)
            await check(page, path)
        assert errors == []
        await page.close()


async def test_everything_is_done_without_scripts(
    browser: Browser, board: WebPlatform, clock: FakeClock
) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    page.set_default_timeout(PATIENCE)
    await page.goto(board.url)
    await page.set_input_files("input[name=image]", files=[FILE])
    await page.fill("input[name=title]", "Plain")
    await page.get_by_role("button", name="Post it").click()
    # A page that is being left cannot be loaded again.
    await page.wait_for_url("**/posts/*")
    await board.tasks.idle()
    await page.reload()
    assert await page.get_by_role("heading", name="Plain").count() == 1
    assert "/posts/" in page.url
    await context.close()


class TestAccounts:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"accounts": "required"})

    async def test_a_browser_makes_a_passkey_and_comes_back_with_it(
        self, browser: Browser, board: WebPlatform
    ) -> None:
        context = await browser.new_context(viewport={"width": 390, "height": 900})
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        devtools = await context.new_cdp_session(page)
        await devtools.send("WebAuthn.enable")
        key = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": key})
        base = board.url.rstrip("/").replace("127.0.0.1", "localhost")
        await page.goto(f"{base}/account")
        await check(page, "signed out")
        await page.fill("[data-passkey=make] input[name=name]", "My phone")
        await page.get_by_role("button", name="Make an account").click()
        await page.get_by_role("heading", name="Your passkeys").wait_for()
        await check(page, "signed in")
        person = await page.get_by_role("heading", level=1).inner_text()
        await page.fill("[data-passkey=make] input[name=name]", "Again")
        await page.get_by_role("button", name="Add it").click()
        await page.get_by_text("This device has a passkey of your account already.").wait_for()
        await page.get_by_role("button", name="Here").click()
        await page.get_by_role("button", name="Sign in with a passkey").click()
        await page.get_by_role("heading", name=person).wait_for()
        await page.goto(board.admin_link().replace("127.0.0.1", "localhost"))
        for path in ("/admin/accounts", "/admin/audit", "/admin/backups", "/admin/settings"):
            await page.goto(base + path)
            await check(page, path)
        await context.close()
