"""Genres that communities have of their own, learned from what people say of their posts."""

import asyncio
import json
import logging
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.posts.genres import own_genres
from bot.runtime.clock import Clock
from bot.runtime.json_child import run_json_child
from bot.training.genres import LEAST_NEW, GenresNotLearned, UnknownGenreVersion, free_name
from models.attributes.serving_genres import (
    GENRE_HEADS,
    SHIPPED,
    Serving,
    read_serving,
    write_serving,
)
from models.attributes.serving_own_genres import own_folder
from storage.engine.database import Database
from storage.files.atomic import write_folder
from storage.queries.communities import all_communities
from storage.queries.genre_examples import GenreExample, community_pictures, count_corrections
from storage.tables import Community, ModelVersion

log = logging.getLogger(__name__)

#: Pictures, no two of them alike, that a genre is learned from at least.
LEAST: Final = 15
#: Corrections that are learned from, the newest, and pictures besides of which nobody spoke.
_MOST, _OTHERS = 2000, 500
_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class OwnGenreVersion:
    """A head that was learned for one community.

    Attributes:
        name: of its folder.
        created_at: ISO 8601, UTC.
        said: corrections of the community that were stored when it was made.
        genres: that it tells.
        verdict: of the gate (`trainer.attributes.own_genres.Verdict`).
    """

    name: str
    created_at: str
    said: int
    genres: list[str]
    verdict: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Examples:
    backbone: str
    names: tuple[str, ...]
    corrected: Sequence[GenreExample]
    others: Sequence[GenreExample]
    said: int


class OwnGenreRefits:
    """Learns the genres of communities, and keeps the versions that came of it.

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

    async def refit_if_due(self) -> int:
        """Learn for each community with enough new corrections; return how many were tried."""
        tried = 0
        for community in await self.with_own():
            before = max((each.said for each in self.versions(community.id)), default=0)
            said = await self._database.run_read(
                partial(count_corrections, community_id=community.id)
            )
            if said - before < LEAST_NEW:
                continue
            try:
                version = await self.refit(community)
            except GenresNotLearned as error:
                log.info("%s: its own genres were not learned: %s", community.name, error)
                continue
            tried += 1
            log.info("%s: genre head %s: %s", community.name, version.name,
                     version.verdict["reason"])  # fmt: skip
        return tried

    async def refit(self, community: Community) -> OwnGenreVersion:
        """Learn the own genres of a community; a head that passes its gate serves from now on.

        Raises:
            GenresNotLearned: there is nothing to learn from, or the process failed.
        """
        async with self._running:
            wanted = own_genres(community)

            def read(session: Session) -> _Examples:
                backbone = _backbone(session)
                corrected = community_pictures(
                    session, backbone, community.id, corrected=True, limit=_MOST
                )
                others = community_pictures(
                    session, backbone, community.id, corrected=False, limit=_OTHERS
                )
                names = _learnable(wanted, corrected)
                said = count_corrections(session, community.id)
                return _Examples(backbone, names, corrected, others, said)

            examples = await self._database.run_read(read)
            if not examples.names:
                raise GenresNotLearned(
                    f"No genre of its own has {LEAST} corrected posts yet whose pictures differ."
                )
            if len(examples.corrected) + len(examples.others) < 3 * LEAST:
                raise GenresNotLearned("There are too few other posts to tell them from.")
            return await self._learn(community.id, examples)

    async def _learn(self, community_id: int, examples: _Examples) -> OwnGenreVersion:
        now, folder = self._clock(), own_folder(self._folder, community_id)
        name = free_name(folder, now)
        with tempfile.TemporaryDirectory() as temporary:
            data, out = Path(temporary) / "data.npz", Path(temporary) / "genres.npz"
            await asyncio.to_thread(_write, data, examples)
            task = {
                "data": str(data), "out": str(out), "names": examples.names,
                "backbone": examples.backbone,
            }  # fmt: skip
            try:
                async with asyncio.timeout(_SECONDS):
                    status, verdict = await run_json_child(
                        "trainer.attributes.own_genres", task, lambda _: None
                    )
            except TimeoutError as error:
                raise GenresNotLearned("It took longer than ten minutes.") from error
            if status or "promoted" not in verdict:
                raise GenresNotLearned("The process that learns failed; its messages are above.")
            content: dict[str, Any] = {
                "created_at": now.isoformat(), "said": examples.said,
                "genres": list(examples.names), "verdict": verdict,
            }  # fmt: skip

            def fill(target: Path) -> None:
                (target / "genres.npz").write_bytes(out.read_bytes())
                (target / "version.json").write_text(json.dumps(content, indent=1), "utf-8")

            await asyncio.to_thread(write_folder, folder / name, fill)
        if verdict["promoted"]:
            write_serving(folder, Serving(name, read_serving(folder).name))
        return OwnGenreVersion(name, **content)

    def versions(self, community_id: int) -> list[OwnGenreVersion]:
        """All that were learned for a community, the oldest first."""
        found = []
        for path in sorted(own_folder(self._folder, community_id).glob("*/version.json")):
            content = json.loads(path.read_text("utf-8"))
            found.append(OwnGenreVersion(path.parent.name, **content))
        return found

    def serving(self, community_id: int) -> str | None:
        """The version that serves in a community; None: its own genres are not told."""
        name = read_serving(own_folder(self._folder, community_id)).name
        return None if name == SHIPPED else name

    def promote(self, community_id: int, name: str | None) -> None:
        """Have a version serve, whatever the gate said; None: its own genres are not told.

        Raises:
            UnknownGenreVersion: there is none of that name.
        """
        known = [each.name for each in self.versions(community_id)]
        if name is not None and name not in known:
            raise UnknownGenreVersion(
                f"There is no genre version {name!r} here. Known: {', '.join(known) or 'none'}."
            )
        folder = own_folder(self._folder, community_id)
        wanted, before = name or SHIPPED, read_serving(folder)
        if before.name != wanted:
            write_serving(folder, Serving(wanted, before.name))

    def rollback(self, community_id: int) -> str | None:
        """Have the version serve that the present one took the place of; return it.

        Raises:
            UnknownGenreVersion: nothing was promoted yet.
        """
        before = read_serving(own_folder(self._folder, community_id)).before
        if before is None:
            raise UnknownGenreVersion("No genre version was promoted in this community yet.")
        name = None if before == SHIPPED else before
        self.promote(community_id, name)
        return name

    async def with_own(self) -> list[Community]:
        """The communities that have genres of their own."""
        found = await self._database.run_read(all_communities)
        return [each for each in found if own_genres(each)]


def _backbone(session: Session) -> str:
    query = select(ModelVersion.backbone).where(ModelVersion.is_champion)
    found = session.scalar(query)
    if found is None:
        raise GenresNotLearned("No model version serves.")
    return found


def _learnable(wanted: Sequence[str], corrected: Sequence[GenreExample]) -> tuple[str, ...]:
    pictures = {(each.genre, each.phash) for each in corrected}
    counts = Counter(genre for genre, _ in pictures)
    return tuple(name for name in wanted if counts[name] >= LEAST)


def _write(path: Path, examples: _Examples) -> None:
    every = [*examples.corrected, *examples.others]
    places = {name: place for place, name in enumerate(examples.names)}
    groups: dict[str, int] = {}
    vectors = b"".join(each.vector for each in every)
    np.savez(
        path,
        embeddings=np.frombuffer(vectors, "<f2").reshape(len(every), -1).astype(np.float32),
        genre=np.array([places.get(each.genre, len(places)) for each in every], np.int64),
        group=np.array([groups.setdefault(each.phash, len(groups)) for each in every], np.int64),
        corrected=np.arange(len(every)) < len(examples.corrected),
    )
