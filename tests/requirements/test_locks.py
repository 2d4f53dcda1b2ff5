"""The lock files: whole, checked by hash, and free of any place to fetch from."""

import re

import pytest

from requirements import install
from tests.requirements.locks import LOCKS, holes, parse, project, requirements_of

NAMES = ["base", *install.EXTRAS, "dev", "installer"]
PYTHONS = ["3.11", "3.12", "3.13"]


def text(lock: str) -> str:
    return (LOCKS / f"{lock}.lock").read_text("utf-8")


def test_every_lock_is_known() -> None:
    assert {path.stem for path in LOCKS.glob("*.lock")} == set(NAMES)


def test_pyproject_and_the_installer_agree() -> None:
    extras = project()["project"]["optional-dependencies"]
    assert set(install.EXTRAS) == extras.keys()
    assert set(install.SIZES) == {*NAMES} - {"installer"}
    (oldest, newest) = (".".join(map(str, each)) for each in (install.OLDEST, install.NEWEST))
    assert (oldest, newest) == (PYTHONS[0], PYTHONS[-1])
    after = f"{install.NEWEST[0]}.{install.NEWEST[1] + 1}"
    assert project()["project"]["requires-python"] == f">={oldest},<{after}"


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", NAMES)
def test_a_lock_covers_all_that_its_packages_need(lock: str, python: str) -> None:
    if lock == "installer":
        assert [each.requirement.name for each in parse(text(lock))] == ["uv"]
        return
    assert holes(requirements_of(lock), parse(text(lock)), python) == []


def test_a_lost_extra_is_a_hole() -> None:
    """So was the lock with which set-up failed as soon as a newer release of coverage appeared."""
    lock = re.sub(r"^coverage\[toml\]==", "coverage==", text("dev"), flags=re.MULTILINE)
    assert holes(requirements_of("dev"), parse(lock), "3.11") == [
        "coverage is locked without the extra toml of pytest-cov"
    ]


def test_a_lost_package_is_a_hole() -> None:
    lock = [each for each in parse(text("base")) if each.requirement.name != "greenlet"]
    assert holes(requirements_of("base"), lock, "3.11") == [
        "greenlet is not locked, which sqlalchemy needs"
    ]


def test_a_release_that_is_too_old_is_a_hole() -> None:
    lock = re.sub(r"^pillow==[\d.]+", "pillow==9.0", text("base"), flags=re.MULTILINE)
    found = holes(requirements_of("base"), parse(lock), "3.11")
    assert [hole.partition(", and ")[0] for hole in found] == ["pillow 9.0 is locked"] * len(found)
    needed = {hole.partition(", and ")[2].partition(" needs")[0] for hole in found}
    assert needed == {"pyproject.toml", "pillow-heif"}


def test_a_package_that_nothing_needs_is_told() -> None:
    lock = parse(text("base")) + parse("leftpad==1.0 --hash=sha256:" + "0" * 64)
    assert holes(requirements_of("base"), lock, "3.11") == [
        "leftpad is locked, and nothing needs it"
    ]


@pytest.mark.parametrize("lock", NAMES)
def test_every_package_is_pinned_and_has_hashes(lock: str) -> None:
    for each in parse(text(lock)):
        assert each.version
        assert each.hashes, each.requirement.name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in each.hashes)


@pytest.mark.parametrize("lock", NAMES)
def test_a_lock_names_no_place_to_fetch_from(lock: str) -> None:
    """Where packages come from is for each machine to say."""
    content = text(lock)
    assert "://" not in content
    lines = [line.strip() for line in content.splitlines() if not line.strip().startswith("#")]
    pinned = re.compile(r"[a-z0-9-]+(\[[a-z0-9,]+\])?==\S+( ; [^\\@]+)? \\")
    for line in lines:
        assert pinned.fullmatch(line) or re.fullmatch(r"--hash=sha256:\w+( \\)?", line), line


@pytest.mark.parametrize("lock", ["base", *install.EXTRAS])
def test_all_locks_hold_the_same_releases(lock: str) -> None:
    """Adding an extra, or what developers need, changes nothing that is there already."""
    assert {(str(e.requirement.name), e.version) for e in parse(text(lock))} <= {
        (str(e.requirement.name), e.version) for e in parse(text("dev"))
    }
