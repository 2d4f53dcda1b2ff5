"""Links of the documentation lead somewhere. Addresses outside are only read, never asked."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs.pages import CHANGELOG, PAGES, ROOT, anchors, links, name


@pytest.mark.parametrize("page", [*PAGES, CHANGELOG], ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    problems = [link for link in links(page) if not _leads_somewhere(page, link)]
    assert problems == []


def _leads_somewhere(page: Path, link: str) -> bool:
    parts = urlsplit(link)
    if parts.scheme:
        return parts.scheme == "https" and "." in parts.netloc and " " not in link
    target = (page.parent / unquote(parts.path)) if parts.path else page
    if not target.resolve().is_relative_to(ROOT) or not target.exists():
        return False
    return not parts.fragment or parts.fragment in anchors(target)


def test_a_link_to_nowhere_is_noticed() -> None:
    assert not _leads_somewhere(ROOT / "README.md", "docs/nowhere.md")
    assert not _leads_somewhere(ROOT / "README.md", "docs/design.md#nowhere")
    assert not _leads_somewhere(ROOT / "README.md", "http://example.org")
    assert _leads_somewhere(ROOT / "README.md", "docs/design.md")


def test_every_picture_is_shown_and_small() -> None:
    shown = {
        (page.parent / link).resolve()
        for page in PAGES
        for link in links(page)
        if link.endswith(".png")
    }
    pictures = set((ROOT / "docs" / "pictures").rglob("*.png"))
    assert pictures
    assert pictures == shown
    assert {path.name for path in pictures if path.stat().st_size > 200_000} == set()
