"""Fine-tuning: ``python -m trainer.backbone.finetune_process``, JSON in, JSON lines out."""

import asyncio
import json
import math
import sys
from pathlib import Path
from typing import Any

from storage.objects.image_place import ImagePlace
from trainer.backbone.finetune import FinetuneRefused, Plan, finetune
from trainer.backbone.finetune_pictures import read_pictures
from trainer.backbone.student_weights import ExportRefused

#: Exit status of a refusal.
REFUSED_STATUS = 3


def _say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


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
    try:
        found = finetune(
            pictures, Path(task["weights"]), Path(task["out"]),
            plan=Plan(epochs=task["epochs"], seed=task["seed"]), min_labels=task["min_labels"],
            progress=lambda done, total, loss: _say(
                stage="fine-tuning", done=done, total=total,
                loss=loss if math.isfinite(loss) else None,
            ),
            checkpoint=Path(task["checkpoint"]),
        )  # fmt: skip
    except (FinetuneRefused, ExportRefused) as refusal:
        left_out = ", ".join(f"{count} {reason}" for reason, count in dropped.items())
        _say(refused=f"{refusal} Left out: {left_out}." if left_out else str(refusal))
        return REFUSED_STATUS
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
