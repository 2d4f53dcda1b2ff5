"""The steps of a training process, as it reports them, and how they are logged."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

log = logging.getLogger(__name__)

#: Told every step of the process: stage, and often done, total, epoch, loss.
OnStep: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]

#: How often progress within a stage is worth a line in the log, seconds.
_LOG_SECONDS = 15.0


class StepLog:
    """Logs every new stage, and how far it is every quarter of a minute."""

    def __init__(self) -> None:
        self._stage: object = None
        self._logged = 0.0

    def note(self, step: dict[str, Any]) -> None:
        """Log a step if it is worth a line."""
        now = time.monotonic()
        if step["stage"] != self._stage or now - self._logged >= _LOG_SECONDS:
            self._stage = step["stage"]
            self._logged = now
            log.info("Training: %s.", step_text(step))


def step_text(step: dict[str, Any]) -> str:
    """A step as people read it: ``fitting, epoch 3 of 60, loss 2.2301``."""
    words = str(step.get("stage", "starting"))
    if isinstance(step.get("done"), int):
        unit = "epoch " if "epoch" in step else ""
        total = f" of {step['total']}" if isinstance(step.get("total"), int) else ""
        words += f", {unit}{step['done']}{total}"
    if isinstance(step.get("loss"), float):
        words += f", loss {step['loss']:.4f}"
    return words
