"""`main.py doctor --deep`: every stored image file, held against its hash."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from sqlalchemy import select

from bot.operations.findings import Finding, State
from storage.engine.database import Database
from storage.files.image_store import ImageStore
from storage.tables import Image

#: Files that are named in the sentence, at most.
_NAMED = 3


class _Fault(StrEnum):
    MISSING = "missing"
    EMPTY = "empty"
    CHANGED = "not what was stored"
    UNREADABLE = "cannot be read"


async def check_images(database: Database, images: ImageStore) -> Finding:
    """Read every image file that the tables know, and say which are damaged or gone."""
    async with database.read() as session:
        stored = list(await session.scalars(select(Image.sha256).where(Image.dropped_at.is_(None))))
    faults = await asyncio.to_thread(_faults, images, stored)
    if not faults:
        return Finding(
            "images", State.WELL, f"All {len(stored):,} files hold what their hashes say."
        )
    counted = ", ".join(f"{n:,} {fault.value}" for fault, n in Counter(faults.values()).items())
    named = ", ".join(str(path) for path in [*faults][:_NAMED])
    more = f" and {len(faults) - _NAMED:,} more" if len(faults) > _NAMED else ""
    return Finding(
        "images",
        State.LOOK,
        f"Of {len(stored):,} files {len(faults):,} are damaged ({counted}): {named}{more}. Put them"
        " back from a backup with images; the same image posted again mends its file, too."
        " Predictions and labels stay as they are.",
    )


def _faults(images: ImageStore, stored: Iterable[str]) -> dict[Path, _Fault]:
    found = {}
    for sha256 in stored:
        path = images.path(sha256)
        fault = _fault(path, sha256)
        if fault is not None:
            found[path] = fault
    return found


def _fault(path: Path, sha256: str) -> _Fault | None:
    try:
        with path.open("rb") as file:
            holds = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return _Fault.MISSING
    except OSError:
        return _Fault.UNREADABLE
    if holds == sha256:
        return None
    return _Fault.CHANGED if path.stat().st_size else _Fault.EMPTY
