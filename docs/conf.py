"""How Sphinx builds the site from docs/: ``make docs``. Warnings are errors."""

import re
from html.parser import HTMLParser
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent

project = "Peoria"
author = "the Peoria authors"
_PACKAGE = (ROOT / "peoria" / "__init__.py").read_text("utf-8")
release = re.findall(r'^__version__ = "(.+)"$', _PACKAGE, re.MULTILINE)[0]
html_title = f"Peoria {release}"

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
#: Outside addresses are links only; anything else must be a page of ours.
myst_url_schemes = ("http", "https")
nitpicky = True
exclude_patterns = ["pictures/*.md"]

html_theme = "furo"
html_favicon = str(ROOT / "bot" / "web" / "static" / "icon.svg")
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False


class _Loaded(HTMLParser):
    """Collects what a page makes a browser load."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = {"script": "src", "img": "src", "iframe": "src", "link": "href"}.get(tag)
        self.addresses += [value for key, value in attrs if key == name and value]


def _load_nothing_from_outside(app: Sphinx, failure: Exception | None) -> None:
    """Warn of every file that a built page would load from another site."""
    if failure is not None:
        return
    for page in app.outdir.rglob("*.html"):
        parser = _Loaded()
        parser.feed(page.read_text("utf-8"))
        for address in parser.addresses:
            if re.match(r"(\w+:)?//", address):
                log.warning("%s loads %s from outside.", page.name, address)
    for sheet in app.outdir.rglob("*.css"):
        for address in re.findall(r"url\([\"']?((?:\w+:)?//[^)]*)", sheet.read_text("utf-8")):
            log.warning("%s loads %s from outside.", sheet.name, address)


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("build-finished", _load_nothing_from_outside)
