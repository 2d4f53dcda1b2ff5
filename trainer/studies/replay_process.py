"""The replay: ``python -m trainer.studies.replay_process``, JSON object in, JSON lines out."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from models.backbone import Backbone
from trainer.data.imgflip import NotImgflip, labelled, read_captions
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.figures import told
from trainer.studies.replay import Step, replay

REFUSED_STATUS = 3

#: Figures that are shown of each step, with what they are called.
SHOWN = {
    "rps_skill": "RPS skill",
    "log_loss_skill": "log-loss skill",
    "spearman": "Spearman",
    "pair_accuracy": "pairs",
}


def _say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def run(task: dict[str, Any]) -> dict[str, Any]:
    """Replay a folder and draw its plot.

    Args:
        task: folder, backbone (its folder), posts, every, seed; plot: where to draw, or None.

    Raises:
        NotImgflip: the folder does not hold what it should, or too little of it.
    """
    folder, every = Path(task["folder"]), int(task["every"])
    captions = read_captions(folder, task["posts"])
    if len(captions) <= every:
        raise NotImgflip(
            f"There are only {len(captions):,} posts: the first {every:,} are learned from, and"
            " those after them judged. Ask for more --posts, or fewer --every."
        )
    posts = labelled(
        captions, folder, Backbone.load(Path(task["backbone"])),
        lambda done, total: _say(stage="drawing and embedding", done=done, total=total),
    )  # fmt: skip
    _say(stage="fitting", done=every, total=len(posts))
    steps, whole = replay(
        posts, every=every, seed=task["seed"],
        progress=lambda labels, total, _: _say(
            stage="fitting", done=min(labels + every, total), total=total
        ),
    )  # fmt: skip
    if task["plot"] is not None:
        draw(steps, every, Path(task["plot"]))
    total = evaluate(whole)
    skilled = [step for step in steps if not np.isnan(step.figures["rps_skill"])]
    labels = np.log([step.labels for step in skilled])
    skills = [step.figures["rps_skill"] for step in skilled]
    return {
        "steps": [
            asdict(step) | {"figures": {name: told(v) for name, v in step.figures.items()}}
            for step in steps
        ],
        "n": total.n,
        "figures": {name: told(total.figures[name]) for name in SHOWN},
        "intervals": {name: total.intervals[name] for name in SHOWN},
        "slope": float(np.polyfit(labels, skills, 1)[0]) if len(skilled) > 1 else None,
    }


def draw(steps: Sequence[Step], every: int, path: Path) -> None:
    """Skill against labels, as a PNG that says what it is."""
    import matplotlib as mpl

    mpl.use("Agg", force=False)
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3.8), layout="constrained")
    labels = [step.labels for step in steps]
    for key, name, colour in (
        ("rps_skill", "RPS skill over the base rate", "#1f6f8b"),
        ("spearman", "Spearman correlation", "#d9793a"),
    ):
        values = [step.figures[key] for step in steps]
        axes.plot(labels, values, marker="o", ms=4, color=colour, label=name)
    axes.axhline(0, color="#22303c", lw=0.8)
    axes.set(
        xlabel=f"labels known when the next {every:,} posts were predicted",
        title="Replayed: ImgFlip captions in the order they were made",
    )
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main() -> int:
    """Do the task on standard input; 0 when it was done, 3 when refused."""
    task = json.loads(sys.stdin.readline())
    try:
        _say(result=run(task))
    except NotImgflip as refusal:
        _say(refused=str(refusal))
        return REFUSED_STATUS
    return 0


if __name__ == "__main__":
    sys.exit(main())
