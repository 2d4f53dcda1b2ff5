"""Running a simulation to its end, and the report of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.simulation import plots
from bot.simulation.audit import audit
from bot.simulation.community import START
from bot.simulation.league_results import Played, read_league
from bot.simulation.plan import Plan, prepare
from bot.simulation.reply_lift import ReplyLift, read_lift
from bot.simulation.run import Progress, opened
from bot.simulation.skill import LAST, Skill, curve, read_scored, skill
from storage.tables import ModelVersion, TrainingRun


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a simulation.

    Attributes:
        counts: posts, by how they ended; predictions, replies, labels, guesses.
        whole: skill over the whole time; None when nothing was labelled.
        last: skill over the last quarter of the time.
        league: people, the best first.
        effect: of a reply on the votes.
        runs: training runs: when, state, why.
        pictures: the plots that were written.
    """

    counts: Counter[str]
    whole: Skill | None
    last: Skill | None
    league: Sequence[Played]
    effect: ReplyLift | None
    runs: Sequence[tuple[datetime, str, str]]
    pictures: Sequence[Path]

    def to_json(self) -> dict[str, Any]:
        """JSON values only."""
        return {
            "counts": dict(self.counts),
            "whole": self.whole and asdict(self.whole),
            "last_quarter": self.last and asdict(self.last),
            "league": [asdict(person) for person in self.league],
            "effect_of_a_reply": self.effect and asdict(self.effect),
            "training_runs": [
                {"at": at.isoformat(), "state": state, "reason": reason}
                for at, state, reason in self.runs
            ],
            "pictures": [str(path) for path in self.pictures],
        }


async def simulate(
    plan: Plan, folder: Path, *, resume: bool, draw: bool, on_progress: Progress
) -> Report:
    """Run a simulation, or go on with one, and check that nothing was lost or doubled.

    Args:
        plan: what is simulated.
        folder: its own folder.
        resume: whether to go on with what was begun there.
        draw: whether to write plots into the folder.
        on_progress: told the simulated moment and how many posts have appeared.

    Raises:
        SimulationRefused: the folder holds something else.
        SomethingLost: something was lost or doubled.
    """
    prepare(folder, plan, resume=resume)
    async with opened(plan, folder) as simulation:
        await simulation.run(on_progress)
        core, world, platform = simulation.core, simulation.world, simulation.platform
        async with core.database.read() as session:
            counts = await audit(session, world, platform)
            scored = await read_scored(session, world, platform)
            league = await read_league(session, core.people_key)
            effect = await read_lift(session, world, platform)
            runs = [
                (run.started_at, run.state.value, run.reason or "")
                for run in await session.scalars(select(TrainingRun).order_by(TrainingRun.id))
            ]
            promoted = await session.scalars(
                select(ModelVersion.promoted_at).where(ModelVersion.promoted_at > START)
            )
            promotions = [moment for moment in promoted if moment is not None]
        end = timedelta(days=plan.days)
        pictures: list[Path] = []
        if draw and scored.posted_at:
            what = f"{plan.posts:,} made-up posts in {plan.days} days, seed {plan.seed}"
            pictures = [folder / "skill.png", folder / "league.png"]
            plots.skill_over_time(curve(scored, plan.days), promotions, what, pictures[0])
            plots.league(league, what, pictures[1])
        return Report(
            counts=counts,
            whole=skill(scored, START),
            last=skill(scored, START + end * (1 - LAST)),
            league=league,
            effect=effect,
            runs=runs,
            pictures=pictures,
        )
