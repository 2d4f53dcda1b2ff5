"""Writes translations of Discord's texts back into the modules that hold them."""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from bot.discord.texts.catalogue import FEATURES

_WIDTH = 100


def write_german(texts: Mapping[str, str]) -> list[Path]:
    """Write the German texts that differ; returns the files that were changed.

    Args:
        texts: by key; those that are empty or of no key are left out.
    """
    changed = []
    for feature in FEATURES:
        own = {key: texts.get(key) or old for key, old in feature.GERMAN.items()}
        own |= {key: texts[key] for key in feature.ENGLISH if key not in own and texts.get(key)}
        if own != feature.GERMAN:
            path = Path(inspect.getfile(feature))
            path.write_text(with_german(feature, own), "utf-8")
            changed.append(path)
    return changed


def with_german(feature: ModuleType, texts: Mapping[str, str]) -> str:
    """The source of a module of the catalogue with other German texts."""
    source = inspect.getsource(feature)
    lines = source.splitlines()
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "GERMAN":
            written = ["GERMAN: dict[str, str] = {", *_entries(texts), "}"]
            lines[node.lineno - 1 : node.end_lineno] = written
    return "\n".join(lines) + "\n"


def _entries(texts: Mapping[str, str]) -> list[str]:
    lines = []
    for key, text in texts.items():
        first = f"    {_quoted(key)}: "
        if len(first) + len(_quoted(text)) + 1 <= _WIDTH:
            lines.append(f"{first}{_quoted(text)},")
            continue
        # Each line after the first begins with the blank between its words.
        wrapped = textwrap.wrap(
            text,
            _WIDTH - 12 - len(first) // 3,
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=False,
            replace_whitespace=False,
            expand_tabs=False,
        )
        lines += [
            f"{first}{_quoted(wrapped[0])}",
            *(f"    {_quoted(each)}" for each in wrapped[1:]),
        ]
        lines[-1] += ","
    return lines


def _quoted(text: str) -> str:
    written = repr(text)
    if written.startswith("'"):
        written = '"' + written[1:-1].replace('"', '\\"').replace("\\'", "'") + '"'
    return written
