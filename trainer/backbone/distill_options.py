"""What a distillation is made of, and what it reports while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DistillOptions:
    """What a run is made of; the store, the checkpoint and the weights lie in `work`."""

    work: Path
    minutes: float = 90.0
    width: float = 0.5
    size: int = 128
    batch: int = 32
    crops: int = 40_000
    learning_rate: float = 5e-3
    weight_decay: float = 0.02
    warm_up: float = 0.03  # share of the time
    pooled_weight: float = 2.0
    seed: int = 1
    max_steps: int | None = None
    checkpoint_seconds: float = 120.0  # between two checkpoints
    matrices: bool = True
    start: Path | None = None  # a student's weights file (.npz) to begin with instead of random
    readout: int = 192  # rank of the linear readout fitted at the end; 0: none


@dataclass(frozen=True, slots=True)
class DistillProgress:
    """Where a run stands: `done` is the share of its time; figures are on held-out images."""

    step: int
    done: float
    loss: float
    size: int
    images_per_second: float
    crops_ready: int
    cosine: float | None = None
    explained: float | None = None


Report = Callable[[DistillProgress], None]
