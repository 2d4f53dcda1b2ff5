"""The ranking of captions, learned from those that people posted and what these came to."""

import asyncio
import json
import logging
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from bot.runtime.clock import Clock
from bot.runtime.json_child import run_json_child
from bot.servers import communities_kept_apart
from bot.training.genres import free_name
from models.attributes.serving_genres import SHIPPED, Serving, read_serving, write_serving
from models.captions.serving_ranking import RANKING, RANKINGS, serving_ranking
from storage.engine.database import Database
from storage.errors import ExpectedError
from storage.files.atomic import write_folder
from storage.queries.caption_choices import caption_choices, count_choices

log = logging.getLogger(__name__)

#: Choices that are learned from, the newest.
_MOST: Final = 2000
#: Choices that are new since the last try before the schedule tries again.
LEAST_NEW: Final = 30
_SECONDS: Final = 600.0


class RankingNotLearned(ExpectedError):
    """Nothing was learned; the message says why."""


class UnknownRanking(ExpectedError):
    """There is no such version; the message names those there are."""


@dataclass(frozen=True, slots=True)
class RankingVersion:
    """A ranking that was learned here.

    Attributes:
        name: of its folder.
        created_at: ISO 8601, UTC.
        chosen: choices that were stored when it was made.
        verdict: of the gate (`trainer.captions.refit_ranking.Verdict`), and what was learned.
    """

    name: str
    created_at: str
    chosen: int
    verdict: dict[str, Any]


class CaptionRankings:
    """Learns the ranking of captions, and keeps the versions that came of it.

    Args:
        database: has the choices.
        versions_dir: of the model versions; rankings lie in a folder of their own there.
        clock: the time.
    """

    def __init__(self, database: Database, versions_dir: Path, *, clock: Clock) -> None:
        self._database = database
        self._folder = versions_dir / RANKINGS
        self._clock = clock
        self._running = asyncio.Lock()

    async def refit_if_due(self) -> bool:
        """Learn anew if there are enough new choices; return whether that was tried."""
        chosen = await self._database.run_read(count_choices)
        before = max((each.chosen for each in self.versions()), default=0)
        if chosen - before < LEAST_NEW:
            return False
        try:
            version = await self.refit()
        except RankingNotLearned as error:
            log.warning("The ranking of captions was not learned: %s", error)
            return False
        log.info("Ranking of captions %s: %s", version.name, version.verdict["reason"])
        return True

    async def refit(self) -> RankingVersion:
        """Learn from all choices; what is better serves from now on.

        Raises:
            RankingNotLearned: there is nothing to learn from, or the process failed.
        """
        async with self._running:
            async with self._database.read() as session:
                apart = await communities_kept_apart(session)
            choices = await self._database.run_read(
                lambda session: caption_choices(session, limit=_MOST, without=apart)
            )
            chosen = await self._database.run_read(count_choices)
            if not choices:
                raise RankingNotLearned("Nobody posted a meme that was made here yet.")
            serving, now = read_serving(self._folder), self._clock()
            name = free_name(self._folder, now)
            with tempfile.TemporaryDirectory() as temporary:
                out = Path(temporary) / RANKING
                task = {
                    "choices": choices, "out": str(out),
                    "serving": asdict(serving_ranking(self._folder)),
                }  # fmt: skip
                try:
                    async with asyncio.timeout(_SECONDS):
                        status, verdict = await run_json_child(
                            "trainer.captions.refit_ranking", task, lambda _: None
                        )
                except TimeoutError as error:
                    raise RankingNotLearned("It took longer than ten minutes.") from error
                if status or "promoted" not in verdict:
                    raise RankingNotLearned(
                        "The process that learns failed; its messages are above."
                    )
                version = RankingVersion(name, now.isoformat(), chosen, verdict)
                await asyncio.to_thread(self._store, version, out)
            if verdict["promoted"]:
                write_serving(self._folder, Serving(name, serving.name))
            return version

    def _store(self, version: RankingVersion, learned: Path) -> None:
        content = {
            "created_at": version.created_at, "chosen": version.chosen, "verdict": version.verdict,
        }  # fmt: skip

        def fill(folder: Path) -> None:
            (folder / RANKING).write_bytes(learned.read_bytes())
            (folder / "version.json").write_text(json.dumps(content, indent=1), "utf-8")

        write_folder(self._folder / version.name, fill)

    def versions(self) -> list[RankingVersion]:
        """All that were learned here, the oldest first."""
        found = []
        for path in sorted(self._folder.glob("*/version.json")):
            content = json.loads(path.read_text("utf-8"))
            found.append(RankingVersion(path.parent.name, **content))
        return found

    def serving(self) -> str:
        """The name of the one that serves."""
        return read_serving(self._folder).name

    def promote(self, name: str) -> None:
        """Have a version serve, whatever the gate said; `SHIPPED` is one, too.

        Raises:
            UnknownRanking: there is none of that name.
        """
        known = [SHIPPED, *(each.name for each in self.versions())]
        if name not in known:
            raise UnknownRanking(
                f"There is no ranking of captions {name!r}. Known: {', '.join(known)}."
            )
        before = read_serving(self._folder)
        if before.name != name:
            write_serving(self._folder, Serving(name, before.name))

    def rollback(self) -> str:
        """Have the one serve that the present one took the place of; return its name.

        Raises:
            UnknownRanking: the present one was the first.
        """
        before = read_serving(self._folder).before
        if before is None:
            raise UnknownRanking("The ranking of captions that serves took nobody's place.")
        self.promote(before)
        return before
