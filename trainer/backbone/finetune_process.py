"""Fine-tuning: ``python -m trainer.backbone.finetune_process``, JSON in, JSON lines out.

Where the task names a Ray cluster, it is done on a node of it.
"""

import asyncio
import json
import math
import sys
from pathlib import Path
from typing import Any

from storage.objects.image_place import ImagePlace
from trainer.backbone.finetune import FinetuneRefused, Plan, finetune
from trainer.backbone.finetune_job import finetune_on
from trainer.backbone.finetune_pictures import Picture, read_pictures
from trainer.backbone.looking import DEATHS, CannotLook, Looker
from trainer.backbone.student_weights import ExportRefused
from trainer.cluster.jobs import JobStopped, OtherRelease
from trainer.cluster.ray_jobs import job_cluster_if_any
from trainer.cluster.side_by_side import ClusterLost

#: Exit status of a refusal.
REFUSED_STATUS = 3


def _say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _progress(done: int, total: int, loss: float) -> None:
    _say(
        stage="fine-tuning", done=done, total=total, loss=loss if math.isfinite(loss) else None
    )  # fmt: skip


def _note(sentence: str) -> None:
    _say(stage=f"fine-tuning: {sentence}")


def _left_out(picture: Picture) -> None:
    """Tell of a picture that ended two processes: the parent writes it down."""
    _say(
        stage=f"fine-tuning: {DEATHS} processes ended over image {picture.path.name[:12]}, which is"
        " left out", quarantined=picture.image_id, deaths=DEATHS,
    )  # fmt: skip


def main() -> int:
    """Run the task on standard input; 0 when it was carried out, 3 when refused."""
    task = json.loads(sys.stdin.readline())
    pictures, dropped = asyncio.run(
        read_pictures(
            task["database_url"],
            ImagePlace.from_json(task["images"]).open(),
            without=frozenset(task["without"]),
        )
    )
    weights, out = Path(task["weights"]), Path(task["out"])
    plan = Plan(epochs=task["epochs"], seed=task["seed"])
    checkpoint, min_labels = Path(task["checkpoint"]), task["min_labels"]
    try:
        with job_cluster_if_any(task["ray_address"], _note) as cluster:
            if cluster is None:
                named = {picture.path.name: picture for picture in pictures}
                with Looker(lambda path: _left_out(named[path.name])) as looker:
                    found = finetune(
                        pictures, weights, out,
                        plan=plan, min_labels=min_labels, progress=_progress,
                        checkpoint=checkpoint, look=looker.canvas,
                    )  # fmt: skip
            else:
                found = finetune_on(
                    cluster, pictures, weights, out,
                    plan=plan, min_labels=min_labels, progress=_progress, checkpoint=checkpoint,
                    note=_note, left_out=_left_out, memory_mb=task["memory_mb"],
                )  # fmt: skip
    except (FinetuneRefused, ExportRefused) as refusal:
        left_out = ", ".join(f"{count} {reason}" for reason, count in dropped.items())
        _say(refused=f"{refusal} Left out: {left_out}." if left_out else str(refusal))
        return REFUSED_STATUS
    except (CannotLook, ClusterLost, JobStopped, OtherRelease) as failed:
        # The parent tells the last line of what stands here.
        sys.stderr.write(f"{failed}\n")
        return 1
    reason = "" if found["written"] else "No epoch did better than the backbone as it was."
    _say(
        result={
            "version": task["out"], "promote": found["written"], "reason": reason,
            "evidence": found | {"dropped": dict(dropped)},
        }
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
