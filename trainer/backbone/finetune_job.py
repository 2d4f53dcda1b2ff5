"""Fine-tuning on a node of a cluster, as `trainer.backbone.finetune` does it here."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from trainer.backbone.finetune import MIN_LABELS, Plan, Progress, check_enough, finetune
from trainer.backbone.finetune_pictures import Numbers, Picture
from trainer.backbone.looking import Looker
from trainer.cluster.jobs import Job, JobCluster, Say, run_job

_CHECKPOINT = "checkpoint.npz"


def finetune_on(
    cluster: JobCluster,
    pictures: Sequence[Picture],
    weights: Path,
    out: Path,
    *,
    plan: Plan,
    progress: Progress,
    checkpoint: Path,
    note: Callable[[str], None],
    left_out: Callable[[Picture], None],
    memory_mb: int | None = None,
    min_labels: int = MIN_LABELS,
) -> dict[str, Any]:
    """`finetune` on a node: the same files are written here, the checkpoint after each epoch.

    Args:
        cluster: where it is done.
        pictures: the oldest first.
        weights: of the backbone to begin with.
        out: written in the same form.
        plan: how to train.
        progress: told as `finetune` tells it, some time later.
        checkpoint: as of `finetune`: one that was begun here goes on there, and the other way.
        note: called with what happens to the job.
        left_out: called with a picture that ended two processes which looked at it there.
        memory_mb: the most that it may take there, MB.
        min_labels: fewer pictures are refused.

    Returns:
        What `finetune` does.

    Raises:
        FinetuneRefused: as by `finetune`.
        ExportRefused: the weights cannot be read.
        ClusterLost: the cluster was lost; the checkpoint is kept.
        JobStopped: it took too much memory.
    """

    def told(said: tuple[int, int, float] | int) -> None:
        if isinstance(said, int):
            left_out(pictures[said])
        else:
            progress(*said)

    check_enough(pictures, min_labels)
    job = Job(
        _finetune,
        (np.stack([picture.target for picture in pictures]), weights.name, out.name, plan),
        [
            (weights.name, lambda: weights),
            *((_name(row), partial(_find, picture)) for row, picture in enumerate(pictures)),
        ],
        {_CHECKPOINT: checkpoint, f"out/{out.name}": out},
    )
    found: dict[str, Any] = run_job(cluster, job, told=told, note=note, memory_mb=memory_mb)
    checkpoint.unlink(missing_ok=True)
    return found


def _finetune(
    folder: Path, say: Say, targets: Numbers, weights: str, out: str, plan: Plan
) -> dict[str, Any]:
    """What is done on the node."""
    pictures = [Picture(folder / _name(row), target) for row, target in enumerate(targets)]
    made = folder / out
    with Looker(lambda path: say(int(path.name))) as looker:
        found = finetune(
            pictures, folder / weights, made, plan=plan, min_labels=0,
            progress=lambda *at: say(at), checkpoint=folder / _CHECKPOINT, look=looker.canvas,
        )  # fmt: skip
    if found["written"]:
        # What is brought back is whole.
        (folder / "out").mkdir(exist_ok=True)
        made.replace(folder / "out" / out)
    return found


def _find(picture: Picture) -> Path:
    return picture.path if picture.fetch is None else picture.fetch()


def _name(row: int) -> str:
    return f"pictures/{row:07d}"
