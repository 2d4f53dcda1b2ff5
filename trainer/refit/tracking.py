"""Noting a training run for TensorBoard and MLflow: its figures, and what it was made with.

Both are told numbers and names of ours alone: no title, no image, nothing of a person. What they
keep lies in the data folder unless a server is named.
"""

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.errors import ExpectedError

#: Name of the experiment in MLflow.
EXPERIMENT = "peoria"


class TrackingFailed(ExpectedError):
    """A run could not be noted; the run itself is as good as any."""


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """What is noted of a run.

    Attributes:
        version: name of the version that it made.
        labels: how many labels it learned from; TensorBoard's steps.
        figures: by name, ``rps_skill`` or ``authors_unknown/rps_skill``.
        made_with: name and value of what was chosen.
    """

    version: str
    labels: int
    figures: Mapping[str, float]
    made_with: Mapping[str, str]


def figures_of(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The numbers in the figures of a version; intervals as ``…/low`` and ``…/high``."""
    return dict(_numbers(metrics, ""))


def _numbers(value: Any, name: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _numbers(each, f"{name}/{key}" if name else str(key))
    elif isinstance(value, list | tuple) and name.startswith(("intervals/", "authors_unknown/int")):
        if len(value) == 2:
            yield from _numbers(value[0], f"{name}/low")
            yield from _numbers(value[1], f"{name}/high")
    elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        yield name, float(value)


def track(run: TrackedRun, places: Mapping[str, str]) -> None:
    """Note a run.

    Args:
        places: by the name of the tool: a folder for ``tensorboard``, for ``mlflow`` an address of
            a server or ``sqlite:///`` and a path.

    Raises:
        TrackingFailed: one cannot be had; the message says why.
    """
    for tool, place in places.items():
        try:
            _TOOLS[tool](run, place)
        except ImportError as error:
            raise TrackingFailed(
                "PEORIA_TRACK_RUNS needs the extra tracking: run make install"
                ' EXTRAS="train tracking".'
            ) from error
        except Exception as error:
            # Servers, disks and their libraries fail in many ways, and none may cost a version.
            # Not all that it says: MLflow's errors have the server's address with its password,
            # others the data folder, and everybody who opens the board reads the steps of a run.
            why = error.strerror if isinstance(error, OSError) else None
            raise TrackingFailed(f"{tool}: {why or type(error).__name__}") from error


def _tensorboard(run: TrackedRun, folder: str) -> None:
    from tensorboard.summary import Writer

    with_name = Path(folder) / run.version
    with_name.mkdir(parents=True, exist_ok=True)
    writer = Writer(str(with_name))
    try:
        for name, value in run.figures.items():
            writer.add_scalar(name, value, run.labels)
    finally:
        writer.close()


def _mlflow(run: TrackedRun, address: str) -> None:
    # It would tell its makers how it is used.
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    # A server that is away is told so at once, and not after minutes of tries.
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
    os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = "10"
    from mlflow.entities import Metric, Param
    from mlflow.tracking import MlflowClient

    if address.startswith("sqlite:///"):
        Path(address.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    client = MlflowClient(tracking_uri=address)
    found = client.get_experiment_by_name(EXPERIMENT)
    experiment = client.create_experiment(EXPERIMENT) if found is None else found.experiment_id
    made = client.create_run(experiment, run_name=run.version)
    at = made.info.start_time
    # MLflow knows slashes in names as folders.
    metrics = [Metric(name, value, at, run.labels) for name, value in run.figures.items()]
    params = [Param(name, value[:500]) for name, value in run.made_with.items()]
    client.log_batch(made.info.run_id, metrics=metrics[:1000], params=params[:100])
    client.set_terminated(made.info.run_id)


_TOOLS = {"tensorboard": _tensorboard, "mlflow": _mlflow}
