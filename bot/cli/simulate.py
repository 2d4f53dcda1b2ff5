"""main.py simulate: the real pipeline, jobs and trainer on a made-up community."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot.cli.console import err, out, print_json, run, say
from models.extras import require_train

if TYPE_CHECKING:
    from bot.simulation.report import Report


def simulate(
    posts: Annotated[int, typer.Option(min=1, help="Posts that are made.")] = 5000,
    days: Annotated[int, typer.Option(min=1, help="Simulated days.")] = 60,
    speed: Annotated[
        str, typer.Option(help="max, or simulated seconds in a second, for example 3600.")
    ] = "max",
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 1,
    retrain_labels: Annotated[
        int, typer.Option(min=1, help="New labels that a night's training waits for.")
    ] = 500,
    out_dir: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Folder for its data and plots. [default: a temporary one, no plots]"
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a simulation that was stopped.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run Peoria for simulated weeks in a made-up community whose taste is known.

    Pictures, titles, authors, votes, guesses and mishaps are made up; the pipeline, the jobs and
    the training are the real ones, on simulated time. Your own data is not touched. Ends with exit
    status 1 if anything was lost or doubled.
    """
    require_train("A simulation")
    from bot.simulation.plan import Plan
    from bot.simulation.report import simulate as simulated

    if resume and out_dir is None:
        raise typer.BadParameter("name the folder with --out", param_hint="--resume")
    plan = Plan(posts, days, seed, retrain_labels)
    kept = nullcontext(str(out_dir)) if out_dir else TemporaryDirectory(prefix="peoria-simulation-")
    with kept as folder, _bar(posts, _pace(speed)) as on_progress:
        report = run(
            simulated(
                plan,
                Path(folder),
                resume=resume,
                draw=out_dir is not None,
                on_progress=on_progress,
            )
        )
    if as_json:
        print_json(report.to_json())
    else:
        _show(report)


def _pace(speed: str) -> float | None:
    """Simulated seconds in a second; None: as fast as it goes."""
    if speed == "max":
        return None
    try:
        pace = float(speed)
    except ValueError:
        pace = 0.0
    if not 0 < pace < float("inf"):
        raise typer.BadParameter("say max, or a number above 0", param_hint="--speed")
    return pace


@contextmanager
def _bar(posts: int, pace: float | None) -> Iterator[Callable[[datetime, int], None]]:
    """A progress bar with the simulated date, which also keeps the pace."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[done]}"))
    with Progress(*columns, TimeElapsedColumn(), console=err) as bar:
        task = bar.add_task("Starting", total=posts, done="")
        before: datetime | None = None

        def show(moment: datetime, done: int) -> None:
            nonlocal before
            if pace is not None and before is not None:
                time.sleep((moment - before).total_seconds() / pace)
            before = moment
            bar.update(
                task,
                description=f"{moment:%a %d %b %H:%M}",
                completed=done,
                done=f"{done:,} of {posts:,} posts",
            )

        yield show


def _show(report: "Report") -> None:
    counts = report.counts
    say(
        f"{counts['posts']:,} posts were made: {counts['scored']:,} scored,"
        f" {counts['withdrawn']:,} deleted, {counts['refused']:,} refused ({counts['late']:,} as"
        " their score could not be read in time). Nothing was lost or"
        f" doubled: {counts['predictions']:,} predictions, {counts['replies']:,} replies,"
        f" {counts['labels']:,} labels, {counts['guesses']:,} guesses."
    )
    for name, found in (("whole time", report.whole), ("last quarter", report.last)):
        if found is not None:
            low, high = found.share_interval
            say(
                f"RPS skill, {name} ({found.n:,} posts): {found.served:.3f}; of the truth"
                f" {found.truth:.3f}: {found.share:.0%} ({low:.0%} to {high:.0%}) of it."
            )
    if report.effect is not None:
        effect = report.effect
        low, high = effect.interval
        say(
            f"A reply multiplied votes by {effect.estimate:.2f} ({low:.2f} to {high:.2f}),"
            f" measured against {effect.silent:,} silent posts; the truth is {effect.true:.2f}."
        )
    table = Table("person", "guesses", "right", "points", "95% interval", title="The league")
    for person in report.league:
        share = person.hits / person.n if person.n else 0.0
        low, high = person.interval
        table.add_row(
            person.name, f"{person.n:,}", f"{share:.0%}", f"{person.points:+.1f}",
            f"{low:+.1f} … {high:+.1f}",
        )  # fmt: skip
    out.print(table)
    for at, state, reason in report.runs:
        say(f"{at:%d %b}: training {state}: {reason}")
    for path in report.pictures:
        say(f"Drew {path}.")
