"""Genres learned from corrections: a child process learns and judges, and what is better serves."""

import asyncio
import json
import logging
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy.orm import Session

from bot.runtime.clock import Clock
from bot.runtime.json_child import run_json_child
from models.attributes.genre import GENRES, GenreHead, GenreHeadUnusable
from models.attributes.serving_genres import (
    GENRE_HEADS,
    SHIPPED,
    Serving,
    head_path,
    read_serving,
    write_serving,
)
from storage.engine.database import Database
from storage.errors import ExpectedError
from storage.files.atomic import write_folder
from storage.queries.genre_examples import (
    GenreExample,
    corrected_pictures,
    count_corrections,
    other_pictures,
)

log = logging.getLogger(__name__)

#: Corrections that are learned from, the newest, and pictures besides that must stay as they are.
_MOST, _OTHERS = 2000, 500
#: Corrections that are new since the last try before the schedule tries again.
LEAST_NEW: Final = 20
_SECONDS: Final = 600.0


class GenresNotLearned(ExpectedError):
    """Nothing was learned; the message says why."""


class UnknownGenreVersion(ExpectedError):
    """There is no such version; the message names those there are."""


@dataclass(frozen=True, slots=True)
class GenreVersion:
    """A head that was learned from corrections.

    Attributes:
        name: of its folder.
        created_at: ISO 8601, UTC.
        said: corrections that were stored when it was made.
        verdict: of the gate (`trainer.attributes.refit_genres.Verdict`).
    """

    name: str
    created_at: str
    said: int
    verdict: dict[str, Any]


class GenreRefits:
    """Learns genres, and keeps the versions that came of it.

    Args:
        database: has the corrections.
        versions_dir: of the model versions; genre heads lie in a folder of their own there.
        clock: the time.
    """

    def __init__(self, database: Database, versions_dir: Path, *, clock: Clock) -> None:
        self._database = database
        self._folder = versions_dir / GENRE_HEADS
        self._clock = clock
        self._running = asyncio.Lock()

    async def refit_if_due(self) -> bool:
        """Learn anew if there are enough new corrections; return whether that was tried."""
        said = await self._database.run_read(count_corrections)
        before = max((each.said for each in self.versions()), default=0)
        if said - before < LEAST_NEW:
            log.info("No learning of genres now: %s new corrections, of %s needed.",
                     said - before, LEAST_NEW)  # fmt: skip
            return False
        try:
            version = await self.refit()
        except GenresNotLearned as error:
            log.warning("Genres were not learned: %s", error)
            return False
        log.info("Genre head %s: %s", version.name, version.verdict["reason"])
        return True

    async def refit(self) -> GenreVersion:
        """Learn from all corrections; what is better serves from now on.

        Raises:
            GenresNotLearned: there is nothing to learn from, or the process failed.
        """
        async with self._running:
            serving = read_serving(self._folder)
            head = head_path(self._folder, serving.name)
            try:
                backbone = GenreHead.load(head).backbone
            except GenreHeadUnusable as error:
                raise GenresNotLearned(str(error)) from error

            def read(session: Session) -> tuple[list[GenreExample], list[bytes], int]:
                examples = corrected_pictures(session, backbone, GENRES, limit=_MOST)
                others = other_pictures(session, backbone, limit=_OTHERS)
                return [*examples], [*others], count_corrections(session)

            examples, others, said = await self._database.run_read(read)
            if not examples:
                raise GenresNotLearned(
                    "Nobody said anything of the genre of a picture yet, or only of genres that"
                    " communities have of their own."
                )
            return await self._learn(serving, head, examples, others, said)

    async def _learn(
        self,
        serving: Serving,
        head: Path,
        examples: list[GenreExample],
        others: list[bytes],
        said: int,
    ) -> GenreVersion:
        now = self._clock()
        name = free_name(self._folder, now)
        with tempfile.TemporaryDirectory() as temporary:
            data, out = Path(temporary) / "data.npz", Path(temporary) / "genres.npz"
            await asyncio.to_thread(_write, data, examples, others)
            task = {"head": str(head), "data": str(data), "out": str(out)}
            try:
                async with asyncio.timeout(_SECONDS):
                    status, verdict = await run_json_child(
                        "trainer.attributes.refit_genres", task, lambda _: None
                    )
            except TimeoutError as error:
                raise GenresNotLearned("It took longer than ten minutes.") from error
            if status or "promoted" not in verdict:
                raise GenresNotLearned("The process that learns failed; its messages are above.")
            version = GenreVersion(name, now.isoformat(), said, verdict)
            await asyncio.to_thread(self._store, version, out)
        if verdict["promoted"]:
            write_serving(self._folder, Serving(name, serving.name))
        return version

    def _store(self, version: GenreVersion, head: Path) -> None:
        content = {
            "created_at": version.created_at, "said": version.said, "verdict": version.verdict,
        }  # fmt: skip

        def fill(folder: Path) -> None:
            (folder / "genres.npz").write_bytes(head.read_bytes())
            (folder / "version.json").write_text(json.dumps(content, indent=1), "utf-8")

        write_folder(self._folder / version.name, fill)

    def versions(self) -> list[GenreVersion]:
        """All versions that were learned here, the oldest first."""
        found = []
        for path in sorted(self._folder.glob("*/version.json")):
            content = json.loads(path.read_text("utf-8"))
            found.append(GenreVersion(path.parent.name, **content))
        return found

    def serving(self) -> Serving:
        """Which head serves now."""
        return read_serving(self._folder)

    def promote(self, name: str) -> None:
        """Have a version serve, whatever the gate said; `SHIPPED` is one, too.

        Raises:
            UnknownGenreVersion: there is none of that name.
        """
        known = [SHIPPED, *(each.name for each in self.versions())]
        if name not in known:
            raise UnknownGenreVersion(
                f"There is no genre version {name!r}. Known: {', '.join(known)}."
            )
        before = self.serving()
        if before.name != name:
            write_serving(self._folder, Serving(name, before.name))

    def rollback(self) -> str:
        """Have the version serve that the present one took the place of; return its name.

        Raises:
            UnknownGenreVersion: the present one was the first.
        """
        before = self.serving().before
        if before is None:
            raise UnknownGenreVersion("The genre version that serves took nobody's place.")
        self.promote(before)
        return before


def free_name(folder: Path, now: datetime) -> str:
    """A name that no version in a folder has yet."""
    name, number = f"{now:%Y%m%d-%H%M%S}", 1
    while (folder / (found := name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return found


def _write(path: Path, examples: list[GenreExample], others: list[bytes]) -> None:
    groups: dict[str, int] = {}
    np.savez(
        path,
        embeddings=_embeddings([each.vector for each in examples]),
        genre=np.array([GENRES.index(each.genre) for each in examples], np.int64),
        group=np.array([groups.setdefault(each.phash, len(groups)) for each in examples], np.int64),
        others=_embeddings(others),
    )


def _embeddings(vectors: list[bytes]) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.frombuffer(b"".join(vectors), "<f2").reshape(-1, 1280).astype(np.float32)
