"""Pages of HTML as PNG files of few colours, as Chromium shows them.

One browser draws them all. Needs Chromium (`apt install chromium`, or `.ci/with-chromium` before
the command), and fonts for what the pages say: `apt install fonts-noto-color-emoji` for emoji.
"""

import io
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from PIL import Image
from playwright.async_api import async_playwright

#: Longest picture, pixels.
_TALL = 4000
_COLOURS = 256


async def draw_pages(
    pages: Mapping[Path, str], *, width: int, height: int | None = None
) -> None:  # fmt: skip
    """Write each page, by the file that it becomes.

    Args:
        pages: HTML, whole, with its pictures and styles in it.
        width: pixels.
        height: pixels; None: as much as there is on the page.

    Raises:
        SystemExit: there is no Chromium.
    """
    chromium = (
        shutil.which("chromium")
        or shutil.which("google-chrome")
        or os.environ.get("PEORIA_TEST_CHROMIUM")
    )
    if chromium is None:
        raise SystemExit("Chromium is not installed: see .ci/with-chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = await browser.new_page(viewport={"width": width, "height": height or 40})
        # A busy machine takes long.
        page.set_default_timeout(180_000)
        for path, content in pages.items():
            await page.set_content(content)
            tall = height or await page.evaluate("document.documentElement.scrollHeight")
            shot = await page.screenshot(
                full_page=True,
                clip={"x": 0, "y": 0, "width": width, "height": min(tall, _TALL)},
            )
            with Image.open(io.BytesIO(shot)) as image:
                whole = image.convert("RGB")
            # Octree keeps what has a colour of its own, however small: emoji beside a photo.
            palette = whole.quantize(_COLOURS, Image.Quantize.FASTOCTREE)
            few = whole.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
            few.save(path, optimize=True)
        await browser.close()
