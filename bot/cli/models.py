"""main.py models: the versions there are, and which one serves."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Column, Table

from bot.audit import COMMAND_LINE, Action
from bot.cli.console import out, print_json, run, say
from bot.core import open_core
from bot.settings import load_settings
from bot.training.export_version import export_version
from bot.training.summary import change_text
from bot.training.versions import find_champion, find_version, list_versions, run_of_version
from bot.training.versions import promote as promote_version
from bot.training.versions import rollback as roll_back
from storage.tables import ModelVersion, TrainingRun
from trainer.evaluation.figure_names import BUCKETS, FIGURE_NAMES

app = typer.Typer(help="Model versions: list, show, promote, roll back.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(help="Name of a model version.")]

#: What follows the name of a figure in the name of its interval, in the gate's evidence.
_INTERVAL = "_interval"
#: Metrics that have a column in the list, and their headings.
_COLUMNS = {
    "rps_skill": "RPS skill",
    "log_loss_skill": "log skill",
    "spearman": "Spearman",
    "pair_accuracy": "pairs right",
}


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """All model versions, the oldest first; the champion is marked."""
    versions = run(_list())
    if as_json:
        print_json([_as_json(version) for version in versions])
        return
    # Eighty columns are enough for it: headings wrap between words, values never.
    table = Table(
        "",
        Column("Version", no_wrap=True),
        Column("Made", no_wrap=True),
        Column("Labels", justify="right", no_wrap=True),
        *(Column(name, justify="right") for name in _COLUMNS.values()),
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for version in versions:
        table.add_row(
            "★" if version.is_champion else "",
            version.name if version.dropped_at is None else f"{version.name} (no files)",
            f"{version.created_at:%Y-%m-%d}",
            f"{version.labels:,}",
            *(_figure(version.metrics.get(key)) for key in _COLUMNS),
        )
    out.print(table)


async def _list() -> list[ModelVersion]:
    async with open_core(load_settings()) as core:
        return list(await list_versions(core.database))


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """One model version: its metrics, how the gate decided, and where its report and plots are."""
    version, training_run, files = run(_show(name))
    decision = training_run and {
        "state": training_run.state.value,
        "asked_by": training_run.asked_by,
        "reason": training_run.reason,
        "evidence": training_run.evidence,
    }
    if as_json:
        print_json(_as_json(version) | {"decision": decision, "files": [*map(str, files)]})
        return
    facts = Table(show_header=False, title=f"{'★ ' if version.is_champion else ''}{version.name}")
    facts.add_row("made", f"{version.created_at:%Y-%m-%d %H:%M} UTC")
    facts.add_row("labels", f"{version.labels:,}")
    until = version.trained_until
    facts.add_row("trained until", f"{until:%Y-%m-%d %H:%M} UTC" if until else "—")
    facts.add_row("backbone", version.backbone[:12])
    for what, figure in _facts(version.metrics):
        facts.add_row(what, figure)
    out.print(facts)
    out.print(_figures(version.metrics))
    confusion = version.metrics.get("confusion")
    if confusion:
        table = Table("was", *(f"as {bucket}" for bucket in BUCKETS), title="Predicted")
        for bucket, counts in zip(BUCKETS, confusion, strict=True):
            table.add_row(bucket, *(f"{count:,}" for count in counts))
        out.print(table)
    if training_run:
        say(f"{training_run.state.value.capitalize()}: {training_run.reason}")
        change = change_text(training_run.evidence)
        if change is not None:
            say(change)
        for what, figure in _with_intervals(training_run.evidence or {}):
            say(f"  {what}: {figure}")
    if version.dropped_at is not None:
        say(f"Its files were deleted on {version.dropped_at:%Y-%m-%d} (PEORIA_KEEP_VERSIONS).")
    for path in files:
        say(f"{'Report' if path.suffix == '.md' else 'Plot'}: {path}")


async def _show(name: str) -> tuple[ModelVersion, TrainingRun | None, list[Path]]:
    settings = load_settings()
    async with open_core(settings) as core, core.database.read() as session:
        version = await find_version(session, name)
        training_run = await run_of_version(session, version)
        files = await asyncio.to_thread(_papers, settings.versions_dir / version.name)
        return version, training_run, files


def _papers(folder: Path) -> list[Path]:
    """What a version's folder holds for people: the report first, then its plots."""
    return [*sorted(folder.glob("*.md")), *sorted(folder.glob("*.png"))]


@app.command()
def promote(name: Name) -> None:
    """Let a version serve, whatever the gate said. A running bot loads it by itself."""
    run(_promote(name))
    say(f"{name} serves now.")


async def _promote(name: str) -> None:
    async with open_core(load_settings()) as core:
        await promote_version(core.database, core.settings.versions_dir, name, core.clock())
        await core.audit.note(COMMAND_LINE, Action.PROMOTE, details={"version": name})


@app.command()
def rollback() -> None:
    """Let the version serve again that the present champion replaced."""
    say(f"{run(_rollback())} serves again.")


async def _rollback() -> str:
    async with open_core(load_settings()) as core:
        name = await roll_back(core.database, core.settings.versions_dir, core.clock())
        await core.audit.note(COMMAND_LINE, Action.ROLLBACK, details={"version": name})
        return name


@app.command()
def export(
    to: Annotated[Path, typer.Argument(help="Folder to make.")],
    name: Annotated[
        str | None, typer.Option("--version", help="Name of a model version; the champion.")
    ] = None,
) -> None:
    """Write a version for other programs: head as ONNX, weights as safetensors, a card.

    Its backbone goes with it. With the extra onnx the file is compared with the version.
    """
    version, difference = run(_export(name, to))
    compared = (
        "It was not compared with the version: ONNX Runtime is not installed (extra onnx)."
        if difference is None
        else f"No probability differs from the version's by more than {difference:.1e}."
    )
    say(f"{version} is in {to}. {compared}")


async def _export(name: str | None, to: Path) -> tuple[str, float | None]:
    settings = load_settings()
    async with open_core(settings) as core:
        async with core.database.read() as session:
            version = await (
                find_champion(session) if name is None else find_version(session, name)
            )
        difference = await asyncio.to_thread(
            export_version, settings.versions_dir, settings.backbones_dir, version.name, to
        )
        return version.name, difference


def _as_json(version: ModelVersion) -> dict[str, Any]:
    return {
        "name": version.name,
        "champion": version.is_champion,
        "created_at": version.created_at.isoformat(),
        "promoted_at": version.promoted_at and version.promoted_at.isoformat(),
        "labels": version.labels,
        "trained_until": version.trained_until and version.trained_until.isoformat(),
        "backbone": version.backbone,
        "dropped_at": version.dropped_at and version.dropped_at.isoformat(),
        "metrics": version.metrics,
    }


def _figures(metrics: Mapping[str, Any]) -> Table:
    """The figures of a version with their intervals: knowing the authors, and not."""
    unknown = metrics.get("authors_unknown", {})
    table = Table("figure", "authors known", "not known", title="How good")
    for key, name in FIGURE_NAMES.items():
        if key in metrics:
            known, hidden = (
                _figure(each.get(key), each.get("intervals", {}).get(key))
                for each in (metrics, unknown)
            )
            table.add_row(name, known, hidden)
    return table


def _facts(metrics: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What else is known of how a version was judged."""
    shown_apart = (*FIGURE_NAMES, "intervals", "confusion", "authors_unknown")
    for key, value in metrics.items():
        if key not in shown_apart and value != {}:
            yield _words(key), _figure(value)


def _with_intervals(evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Evidence of the gate as people read it: each figure with its interval, where it has one."""
    for key, value in evidence.items():
        if not key.endswith(_INTERVAL):
            # A gain that decides may lie in the fourth place.
            yield _words(key), _figure(value, evidence.get(key + _INTERVAL), digits=4)


def _figure(value: Any, interval: Sequence[float] | None = None, digits: int = 3) -> str:
    if value is None:
        return "—"
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(key)} {each}" for key, each in value.items())
    if not isinstance(value, float):
        return str(value)
    shown = f"{value:.{digits}f}"
    if interval is None:
        return shown
    return f"{shown} ({interval[0]:.{digits}f} … {interval[1]:.{digits}f})"


def _words(key: str) -> str:
    return "posts judged" if key == "n" else key.replace("_", " ")
