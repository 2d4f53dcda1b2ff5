"""A training run in TensorBoard's and MLflow's own files, read by themselves."""

from pathlib import Path

import pytest

from trainer.refit import tracking
from trainer.refit.tracking import EXPERIMENT, TrackedRun, TrackingFailed, figures_of, track

pytest.importorskip("tensorboard")
METRICS = {
    "n": 120,
    "rps_skill": 0.25,
    "ece": None,
    "intervals": {"rps_skill": [0.1, 0.4], "ece": None},
    "confusion": [[1, 2], [3, 4]],
    "notes": ["a sentence"],
    "authors_unknown": {"rps_skill": float("nan"), "intervals": {"rps_skill": (0.0, 0.5)}},
}


def test_figures_are_numbers_and_their_intervals() -> None:
    assert figures_of(METRICS) == {
        "n": 120.0,
        "rps_skill": 0.25,
        "intervals/rps_skill/low": 0.1,
        "intervals/rps_skill/high": 0.4,
        "authors_unknown/intervals/rps_skill/low": 0.0,
        "authors_unknown/intervals/rps_skill/high": 0.5,
    }


def test_a_run_is_found_in_both(tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = TrackedRun("20261126-1", 120, figures_of(METRICS), {"seed": "1"})
    places = {
        "tensorboard": str(tmp_path / "t" / "tensorboard"),
        "mlflow": f"sqlite:///{tmp_path / 't' / 'mlflow.db'}",
    }
    track(run, places)
    events = EventAccumulator(str(tmp_path / "t" / "tensorboard" / run.version)).Reload()
    ((_, value),) = [(each, events.Tensors(each)[0]) for each in ["rps_skill"]]
    assert value.step == 120
    assert value.tensor_proto.float_val[0] == 0.25
    client = MlflowClient(tracking_uri=places["mlflow"])
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    (found,) = client.search_runs([experiment.experiment_id])
    assert found.data.metrics == run.figures
    assert found.data.params == {"seed": "1"}
    assert (found.info.run_name, found.info.status) == (run.version, "FINISHED")


def test_a_place_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    run = TrackedRun("v", 1, {"n": 1.0}, {})
    with pytest.raises(TrackingFailed, match=r"^tensorboard: Not a directory$"):
        track(run, {"tensorboard": str(tmp_path / "file" / "folder")})


def test_neither_passwords_nor_folders_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps of a run are on the board's page of models, for everybody."""

    def fail(_: TrackedRun, address: str) -> None:
        raise RuntimeError(f"API request to {address}/api/2.0 failed, see {tmp_path}")

    monkeypatch.setitem(tracking._TOOLS, "mlflow", fail)
    with pytest.raises(TrackingFailed, match=r"^mlflow: RuntimeError$"):
        track(TrackedRun("v", 1, {}, {}), {"mlflow": "http://ann:hidden@mlflow.example"})
