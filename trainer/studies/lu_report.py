"""The first study beside ours, as Markdown and plots."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation import plots
from trainer.evaluation.figure_names import BUCKETS
from trainer.evaluation.metrics import class_report
from trainer.refit.report import table
from trainer.studies import lu
from trainer.studies.lu_network import Numbers, Split

#: The contender that stands for the study where one has to be shown.
STUDY = "study, 224 px, 10 epochs"

Results = Sequence[lu.Result]


def spread(values: Sequence[float]) -> str:
    """Mean ± standard deviation; a dash where there is nothing to tell."""
    if np.isnan(values).any():
        return "—"
    return f"{np.mean(values):.3f} ± {np.std(values):.3f}"


def markdown(
    name: str, scores: Numbers, split: Split, classes: NDArray[np.int64], results: Results
) -> str:
    """The whole report but its plots.

    Args:
        name: of the file of posts.
        scores: of the posts with an image, float64 [n].
        split: the study's.
        classes: 0 to 2, int64 [n].
        results: of every contender and seed.
    """
    seeds = len(_of(results, lu.OURS))
    return "\n".join(
        [
            f"# r/memes from pixels, and ours: {name}\n",
            (
                f"{len(classes)} posts with an image; {len(split.train)} trained on, "
                f"{len(split.validate)} validated on (the first fifth of each class by file name); "
                f"{seeds} seeds, mean ± sd.\n"
            ),
            *_upvotes(scores, split, classes),
            *_side_by_side(results),
            *(
                part
                for contender in (STUDY, lu.OURS, lu.FOLLOWED)
                for part in _classes(contender, _of(results, contender))
            ),
            *_by_epoch(_of(results, STUDY)[0]),
        ]
    )


def draw(folder: Path, scores: Numbers, results: Results) -> str:
    """Draw the plots into ``folder``, which is made; the Markdown that shows them."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = _of(results, STUDY)[0]
    plots.upvotes(scores, (2000, 20000), folder / "upvotes.png")
    plots.accuracy_by_epoch(
        shown.train_accuracy, shown.validate_accuracy,
        float(np.mean([each.figures["accuracy"] for each in _of(results, lu.OURS)])),
        folder / "accuracy.png",
    )  # fmt: skip
    return "![Upvotes](upvotes.png) ![Accuracy](accuracy.png)\n"


def _of(results: Results, name: str) -> list[lu.Result]:
    return [result for result in results if result.name == name]


def _upvotes(scores: Numbers, split: Split, classes: NDArray[np.int64]) -> list[str]:
    quantiles = np.quantile(scores, [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1])
    return [
        "## Upvotes\n",
        table(
            ("class", "trained on", "validated on"),
            [
                (
                    name,
                    str(int((classes[split.train] == k).sum())),
                    str(int((classes[split.validate] == k).sum())),
                )
                for k, name in enumerate(BUCKETS)
            ],
        ),
        table(
            ("least", "10%", "25%", "median", "75%", "90%", "most"),
            [[f"{q:,.0f}" for q in quantiles]],
        ),
    ]


def _side_by_side(results: Results) -> list[str]:
    names = list(dict.fromkeys(result.name for result in results))
    by_name = {name: _of(results, name) for name in names}
    return [
        "## Side by side\n",
        table(
            ("contender", *lu.SHOWN, "seconds"),
            [
                (
                    name,
                    *(spread([r.figures[key] for r in found]) for key in lu.SHOWN),
                    f"{np.mean([r.seconds for r in found]):.0f}",
                )
                for name, found in by_name.items()
            ],
        ),
        (
            "The study's seconds are the backbone's pass over every image in every epoch plus its "
            "top; ours are two fits from stored embeddings.\n"
        ),
        (
            "Accuracy, F1, log-loss skill and ECE are of the three classes as each states them. "
            "The study has no ten bins: for the ordinal loss and the order of posts its classes "
            "are spread evenly over their shares of the ten.\n"
        ),
        (
            f"*{lu.OURS}*: no score of a validation post is known. *{lu.FOLLOWED}*: the same head; "
            "an author's record counts their earlier validation posts whose score was final when "
            "the post appeared, as for a bot that follows the community. Fitted on training posts "
            "alone, both.\n"
        ),
    ]


def _classes(name: str, found: Results) -> list[str]:
    confusion = np.sum([result.confusion for result in found], axis=0)
    report = class_report(confusion)
    return [
        f"## Classes: {name} (all seeds together)\n",
        table(
            ("class", "precision", "recall", "F1", *(f"as {b}" for b in BUCKETS)),
            [
                (bucket, f"{report.precision[k]:.3f}", f"{report.recall[k]:.3f}",
                 f"{report.f1[k]:.3f}", *(str(int(c)) for c in confusion[k]))
                for k, bucket in enumerate(BUCKETS)
            ],
        ),
    ]  # fmt: skip


def _by_epoch(shown: lu.Result) -> list[str]:
    accuracies = zip(shown.train_accuracy, shown.validate_accuracy, strict=True)
    return [
        "## The study's accuracy by epoch (first seed, 224 px)\n",
        table(
            ("epoch", "training", "validation"),
            [
                (str(epoch + 1), f"{training:.3f}", f"{validation:.3f}")
                for epoch, (training, validation) in enumerate(accuracies)
            ],
        ),
    ]
