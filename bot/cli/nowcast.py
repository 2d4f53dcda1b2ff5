"""main.py nowcast: how good second looks are on trajectories of a file."""

import math
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from bot.cli.console import out, print_json, progress, say
from bot.labels.growth import Numbers, fit_growth, no_growth
from bot.serving.number_format import duration
from models.extras import require_train
from trainer.data.trajectory_file import read_trajectories
from trainer.studies.nowcast import AgeScores, Score, draw, judge, split, to_json

_NAMES = {
    "typical": "times typical growth",
    "no_growth": "as it stands",
    "line": "one line in asinh",
}


def nowcast(
    file: Annotated[
        Path,
        typer.Argument(
            help="Scores over time: JSON lines with id, created_utc, hours, scores, comments;"
            " plain or gzip.",
            exists=True, dir_okay=False,
        ),
    ],
    learn: Annotated[
        Path | None,
        typer.Option(
            help="File to learn from, of the same shape. [default: the earliest 60% of FILE]",
            exists=True, dir_okay=False,
        ),
    ] = None,
    horizon_hours: Annotated[
        float, typer.Option(min=1, max=168, help="Age at which a score is final.")
    ] = 24,
    plot: Annotated[Path | None, typer.Option(help="File for the plot, a PNG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:  # fmt: skip
    """How well the final score is foreseen from the readings so far, age by age.

    The posts of FILE that come after those learned from are judged. Nothing is stored.
    """
    require_train("Fitting growth curves")
    horizon = horizon_hours * 3600
    posts, dropped = read_trajectories(file)
    learned, judged = split(posts, horizon)
    if learn is not None:
        ids = {post.id for post in posts}
        others, _ = read_trajectories(learn)
        judged = [post for post in posts if post.final(horizon) is not None]
        learned = [
            post for post in others if post.id not in ids and post.final(horizon) is not None
        ]
    with progress() as bar:
        task = bar.add_task("Fitting growth curves", total=None)
        scores = judge(
            learned, judged, horizon, {"line": _line},
            lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    if plot is not None:
        draw(scores, plot)
    if as_json:
        print_json(to_json(scores))
        return
    _show(scores, len(learned))
    short = sum(post.final(horizon) is None for post in posts)
    if short:
        say(f"Left out: {short:,} (not read up to {horizon_hours:g} h).")
    for reason, count in dropped.items():
        say(f"Left out: {count:,} ({reason}).")
    if plot is not None:
        say(f"Drew {plot}.")


def _line(early: Numbers, final: Numbers, now: Numbers) -> Numbers:
    """One line in asinh for all scores, what second looks were before growth curves."""
    growth = fit_growth(early, final, no_growth())
    return np.array([[math.asinh(point) for point in growth.heading(score)] for score in now])


def _show(scores: list[AgeScores], learned: int) -> None:
    table = Table(
        "read after", "posts", "forecast", "off by (asinh)", "in the 80% interval",
        "PR-AUC, top 5%", title=f"Second looks, learned from {learned:,} posts",
    )  # fmt: skip
    for each in scores:
        _row(table, duration(timedelta(seconds=each.age)), "second look", each.second_look)
        for name, score in each.others.items():
            _row(table, "", _NAMES[name], score)
    out.print(table)


def _row(table: Table, age: str, name: str, score: Score) -> None:
    area = "—" if score.pr_auc_top5 is None else f"{score.pr_auc_top5:.3f}"
    table.add_row(
        age, f"{score.n:,}", name, f"{score.mae_asinh:.3f}", f"{score.coverage80:.1%}", area
    )
