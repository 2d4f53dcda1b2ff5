"""The pages of the documentation, as the tests read them."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / page for page in ("README.md", "CONTRIBUTING.md", "models/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
#: Lists what was there before; everything else speaks of today.
CHANGELOG = ROOT / "CHANGELOG.md"

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_INCLUDED = re.compile(r"^```\{include\} (\S+)", re.MULTILINE)
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")


def name(page: Path) -> str:
    """Where a page is, for the name of a test."""
    return page.relative_to(ROOT).as_posix()


def links(page: Path) -> Iterator[str]:
    """Every address that a page links to or shows, outside of code."""
    text = re.sub(r"`[^`\n]*`", "", _FENCE.sub("", page.read_text("utf-8")))
    return (match[1] for match in _LINK.finditer(text))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the site makes them; an included page's are its own."""
    whole = page.read_text("utf-8")
    found: set[str] = set()
    for included in _INCLUDED.findall(whole):
        found |= anchors(page.parent / included)
    text = _FENCE.sub("", whole)
    for title in re.findall(r"^#{1,6} +(.+?) *$", text, re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", title.lower())
        found.add(words.replace(" ", "-"))
    return found


def code_spans(page: Path) -> Iterator[str]:
    """What stands between backticks in a page's running text."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    return (match[1] for match in re.finditer(r"`([^`\n]+)`", text))


def commands(page: Path) -> Iterator[tuple[str, str, set[str]]]:
    """Two words after every ``main.py`` of a page (the second may be empty), and the options."""
    text = page.read_text("utf-8").replace("\\\n", " ")
    for match in re.finditer(r"\bmain\.py ([a-z][a-z-]*)(?: ([a-z]+))?([^\n`|]*)", text):
        yield match[1], match[2] or "", set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", match[3]))
