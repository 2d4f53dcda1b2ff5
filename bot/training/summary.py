"""The result of a training run as text: for notices, commands and pages."""

from typing import Any

from storage.tables import TrainingRun
from storage.types import RunState


def run_text(run: TrainingRun, made: str | None) -> str:
    """The result of a run in a few sentences.

    Args:
        run: ended.
        made: name of the model version that it made; None where it made none.
    """
    reason = run.reason or ""
    match run.state:
        case RunState.PROMOTED:
            words = [f"Retrained: {made} serves from now on.", reason]
        case RunState.KEPT:
            words = [f"Retrained: {made} was kept and does not serve.", reason]
        case RunState.REFUSED:
            return f"Not retrained: {reason}"
        case RunState.FAILED:
            return f"Retraining failed, and nothing was changed: {reason}"
        case _:
            return "Retraining is under way."
    change = change_text(run.evidence)
    return " ".join([*words, change] if change else words)


def change_text(evidence: dict[str, Any] | None) -> str | None:
    """Before and after on the judged posts, with 95% intervals; None where they were not judged."""
    before, after = _figure(evidence, "rps_champion"), _figure(evidence, "rps_challenger")
    if evidence is None or before is None or after is None:
        return None
    text = f"Ranked probability score (lower is better) {before} → {after}"
    gain = _figure(evidence, "gain")
    return f"{text}, better by {gain}." if gain else f"{text}."


def _figure(evidence: dict[str, Any] | None, key: str) -> str | None:
    """A figure with its interval, as ``0.1523 (0.1480 … 0.1570)``."""
    found = (evidence or {}).get(key)
    if not isinstance(found, int | float):
        return None
    interval = (evidence or {}).get(f"{key}_interval")
    if not isinstance(interval, list) or len(interval) != 2:
        return f"{found:.4f}"
    return f"{found:.4f} ({interval[0]:.4f} … {interval[1]:.4f})"
