"""The second study beside ours, as Markdown."""

from trainer.refit.report import shown, table
from trainer.studies import dufour
from trainer.studies.lu_report import spread


def markdown(
    name: str,
    measures: dufour.Measures,
    measure: str,
    found: dufour.Reproduction,
    *,
    seeds: int,
) -> str:
    """The whole report.

    Args:
        name: of the file of posts.
        measures: of popularity in that file.
        measure: the one that plays the score.
        found: every contender on every task.
        seeds: heads fitted.
    """
    text = [
        f"# Three tasks of popularity, and ours: {name}\n",
        (f"{found.removed} post{'s' * (found.removed != 1)} beyond six standard deviations "
        f"removed; {found.trained_on} older posts trained on, the newest {found.judged_on} "
        f"judged; {seeds} seeds, mean ± sd. The score is the measure *{measure}*; a "
        f"yes is one above {found.threshold:g} ({found.yes:.0%} of the judged posts).\n"),
        "## Popularity measures\n",
        table(
            ("measure", "mean", "deviation", *(f"r with {name}" for name in measures.names)),
            [
                (name, f"{measures.means[i]:,.1f}", f"{measures.deviations[i]:,.1f}",
                 *(shown(r) for r in measures.correlations[i]))
                for i, name in enumerate(measures.names)
            ],
        ),
        f"Not in this file, or the same for every post: {', '.join(measures.missing) or 'none'}.\n",
    ]  # fmt: skip
    tasks = list(dict.fromkeys(outcome.task for outcome in found.outcomes))
    for task in tasks:
        outcomes = [outcome for outcome in found.outcomes if outcome.task == task]
        keys = list(outcomes[0].figures)
        contenders = list(dict.fromkeys(outcome.contender for outcome in outcomes))
        rows = []
        for contender in contenders:
            of_it = [o.figures for o in outcomes if o.contender == contender]
            cells = [
                spread([f[k] for f in of_it]) if len(of_it) > 1 else shown(of_it[0][k])
                for k in keys
            ]
            rows.append((contender, *cells))
        text += [f"## {task.capitalize()}\n", table(("contender", *keys), rows)]
    text.append("Chance is 4.125 where the ten bins are equally full among the judged posts.\n")
    return "\n".join(text)
