"""main.py captions: how captions of memes are ranked, and what was learned of that."""

from dataclasses import asdict
from typing import Annotated

import typer

from bot.cli.console import print_json, run, say
from bot.core import Core, open_core
from bot.settings import load_settings
from bot.training.caption_rankings import CaptionRankings, RankingVersion
from models.attributes.serving_genres import SHIPPED

app = typer.Typer(
    help="The ranking of captions: learn it from the memes that were posted.", no_args_is_help=True
)


@app.command()
def refit(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Learn from what people chose, and what it came to. The schedule does it, too."""
    version = run(_refit())
    if as_json:
        print_json(asdict(version))
        return
    say(f"{version.name}: {_in_words(version)}")


async def _refit() -> RankingVersion:
    async with open_core(load_settings()) as core:
        return await _rankings(core).refit()


@app.command()
def versions(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """What was learned of the ranking so far, and what serves (★)."""
    found, serving = run(_versions())
    if as_json:
        print_json({"serving": serving, "versions": [asdict(each) for each in found]})
        return
    say(f"{'★ ' if serving == SHIPPED else ''}{SHIPPED}: the one that Peoria came with.")
    for each in found:
        say(f"{'★ ' if serving == each.name else ''}{each.name}: {_in_words(each)}")


async def _versions() -> tuple[list[RankingVersion], str]:
    async with open_core(load_settings()) as core:
        rankings = _rankings(core)
        return rankings.versions(), rankings.serving()


@app.command()
def promote(name: Annotated[str, typer.Argument(help="Of `captions versions`.")]) -> None:
    """Have a ranking serve, whatever the gate said. A running Peoria takes it up by itself."""
    run(_promote(name))
    say(f"{name} serves now.")


async def _promote(name: str) -> None:
    async with open_core(load_settings()) as core:
        _rankings(core).promote(name)


@app.command()
def rollback() -> None:
    """Have the ranking serve again that the present one took the place of."""
    say(f"{run(_rollback())} serves again.")


async def _rollback() -> str:
    async with open_core(load_settings()) as core:
        return _rankings(core).rollback()


def _rankings(core: Core) -> CaptionRankings:
    return CaptionRankings(core.database, core.settings.versions_dir, clock=core.clock)


def _in_words(version: RankingVersion) -> str:
    verdict = version.verdict
    learned = verdict["learned"]
    return (
        f"{verdict['reason']} {verdict['choices']:,} memes were posted, {verdict['labelled']:,} of"
        f" them have an outcome. Beside the forecast the caption model counts"
        f" {100 * learned['merit']:+.1f} and the right emotion {100 * learned['fits']:+.1f}"
        " hundredths of the percentile."
    )
