"""Reading the lock files, and following what the packages in them ask for."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from itertools import chain
from pathlib import Path
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "requirements"


@cache
def project() -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def requirements_of(lock: str) -> list[str]:
    """What pyproject.toml asks for in a lock file: base, base and an extra, or everything."""
    base: list[str] = project()["project"]["dependencies"]
    extras: dict[str, list[str]] = project()["project"]["optional-dependencies"]
    groups: dict[str, list[str]] = project()["dependency-groups"]
    if lock == "installer":
        return groups["installer"]
    if lock == "base":
        return base
    if lock == "dev":
        return [*base, *chain(*extras.values()), *groups["dev"], *groups["docs"]]
    return [*base, *extras[lock]]


@dataclass(frozen=True)
class Locked:
    """One package of a lock file."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def version(self) -> str:
        (specifier,) = self.requirement.specifier
        assert specifier.operator == "=="
        return specifier.version


def parse(lock: str) -> list[Locked]:
    """The packages of a lock file's text."""
    joined = re.sub(r"\\\n", "", re.sub(r"^\s*#.*\n", "", lock, flags=re.MULTILINE))
    found = []
    for line in joined.splitlines():
        pinned, *hashes = re.split(r"\s+--hash=", line.strip())
        found.append(Locked(Requirement(pinned), tuple(hashes)))
    return found


def environment(python: str) -> dict[str, str]:
    """What markers are evaluated with: this machine, with another Python."""
    mine = {name: str(value) for name, value in default_environment().items()}
    return {**mine, "python_version": python, "python_full_version": f"{python}.20", "extra": ""}


def holes(asked: Iterable[str], lock: list[Locked], python: str) -> list[str]:
    """What an installer that resolves nothing would leave out, in words; empty if nothing.

    Follows the requirements through the metadata of the installed packages. A package of which
    another release is locked for ``python`` than is installed here counts as asking for the same
    packages, at any release; one that is not installed here at all counts as asking for nothing.
    """
    where = environment(python)
    here = {
        canonicalize_name(each.requirement.name): each
        for each in lock
        if each.requirement.marker is None or each.requirement.marker.evaluate(where)
    }
    wrong: set[str] = set()
    used: set[str] = set()
    for wanted, by in _followed(asked, here, where):
        name = canonicalize_name(wanted.name)
        used.add(name)
        locked = here.get(name)
        if locked is None:
            wrong.add(f"{name} is not locked, which {by} needs")
            continue
        if not wanted.specifier.contains(locked.version, prereleases=True):
            wrong.add(f"{name} {locked.version} is locked, and {by} needs {wanted.specifier}")
        lost = wanted.extras - locked.requirement.extras
        if lost:
            wrong.add(f"{name} is locked without the extra {', '.join(sorted(lost))} of {by}")
    wrong.update(f"{name} is locked, and nothing needs it" for name in here.keys() - used)
    return sorted(wrong)


def _followed(
    asked: Iterable[str], here: Mapping[str, Locked], where: Mapping[str, str]
) -> Iterator[tuple[Requirement, str]]:
    """Every requirement that holds, from the first to the last, and who asks for it."""
    waiting = [(Requirement(each), "pyproject.toml") for each in asked]
    seen: set[tuple[str, str]] = set()
    while waiting:
        wanted, by = waiting.pop()
        if wanted.marker is not None and not wanted.marker.evaluate({**where}):
            continue
        yield wanted, by
        name = canonicalize_name(wanted.name)
        for extra in {"", *wanted.extras}:
            if (name, extra) not in seen:
                seen.add((name, extra))
                version = here[name].version if name in here else None
                waiting.extend((each, name) for each in _needed(name, version, extra, where))


def _needed(
    name: str, version: str | None, extra: str, where: Mapping[str, str]
) -> Iterator[Requirement]:
    """What a package needs for one of its extras; for "", what it always needs."""
    lines, installed = _metadata(name)
    for line in lines:
        needed = Requirement(line)
        if needed.marker is None or needed.marker.evaluate({**where, "extra": extra}):
            needed.marker = None
            if version != installed:
                needed.specifier = SpecifierSet()
            yield needed


@cache
def _metadata(name: str) -> tuple[list[str], str | None]:
    """The requirements of an installed package, and its version."""
    try:
        return metadata.requires(name) or [], metadata.version(name)
    except metadata.PackageNotFoundError:
        return [], None
