"""main.py predict: what the champion says about image files."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.panel import Panel
from rich.text import Text

from bot.cli.console import out, print_json, run
from bot.core import open_core
from bot.serving.audience import Audience, find_audience
from bot.serving.forecast import Card
from bot.serving.number_format import percent
from bot.serving.phrases import (
    POOLED_VIEW,
    beats_sentence,
    knowledge_note,
    known_bar,
    place_sentence,
    score_sentence,
)
from bot.serving.predict_files import FilePrediction, predict_files
from bot.settings import load_settings
from storage.types import Bucket

#: Width of a full bar, characters.
BAR = 30
_COLOURS = {Bucket.LOW: "red", Bucket.MEDIUM: "yellow", Bucket.HIGH: "green"}


def predict(
    images: Annotated[
        list[Path], typer.Argument(help="Image files: JPEG, PNG, WebP, GIF or AVIF.")
    ],
    title: Annotated[str, typer.Option(help="The title it would be posted with.")] = "",
    community: Annotated[
        str | None, typer.Option(help="Where it would be posted, for example r/memes.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Predict how popular images will be. Nothing is stored.

    Exit status 1 when any file was refused; the others are answered all the same.
    """
    audience, predictions = run(_predict(images, title, community))
    if as_json:
        print_json([_as_json(each) for each in predictions])
    else:
        for each in predictions:
            _show(each, audience)
    if any(each.error for each in predictions):
        raise typer.Exit(1)


async def _predict(
    images: list[Path], title: str, community: str | None
) -> tuple[Audience, list[FilePrediction]]:
    async with open_core(load_settings()) as core:
        audience = await find_audience(core.database, community, core.clock())
        return audience, await predict_files(
            core.serving, images, title=title, audience=audience, clock=core.clock
        )


def _as_json(prediction: FilePrediction) -> dict[str, Any]:
    card = prediction.card
    if card is None:
        return {"file": str(prediction.file), "error": prediction.error}
    names = ("p10", "median", "p90")
    percentile = [round(point, 4) for point in card.percentile]
    return {
        "file": str(prediction.file),
        "probabilities": {"low": card.p_low, "medium": card.p_medium, "high": card.p_high},
        "bucket": card.bucket.value,
        "percentile": dict(zip(names, percentile, strict=True)),
        "beats": round(card.beats, 4),
        "score": dict(zip(names, card.score, strict=True)) if card.score else None,
        "quantiles": card.quantiles,
        "known": None if card.known is None else round(card.known, 4),
        "model_version": card.model_version,
        "latency_ms": round(prediction.latency_ms, 2),
    }


def _sentences(card: Card, audience: Audience) -> list[str | None]:
    if audience.name is None:
        return [score_sentence(card), POOLED_VIEW]
    place = place_sentence(card, audience.name)
    if place is not None and card.known is not None:
        place = f"{known_bar(card.known)} {place}"
    return [score_sentence(card), place, knowledge_note(card, audience.name)]


def _show(prediction: FilePrediction, audience: Audience) -> None:
    card = prediction.card
    name = escape(str(prediction.file))
    if card is None:
        out.print(Panel(Text(prediction.error or ""), title=name, border_style="red", width=72))
        return
    community = audience.name or "a community like those it learned from"
    chances = {Bucket.LOW: card.p_low, Bucket.MEDIUM: card.p_medium, Bucket.HIGH: card.p_high}
    text = Text()
    for bucket, chance in chances.items():
        text.append(f"{bucket.value:>7} ", style="bold" if bucket is card.bucket else "")
        text.append("█" * round(chance * BAR), style=_COLOURS[bucket])
        text.append("░" * (BAR - round(chance * BAR)), style="dim")
        text.append(f" {percent(chance)}\n")
    text.append(f"\n{beats_sentence(card, community)}")
    for sentence in _sentences(card, audience):
        if sentence:
            text.append(f"\n{sentence}")
    footer = f"{escape(card.model_version)} · {prediction.latency_ms:.0f} ms"
    out.print(Panel(text, title=name, subtitle=footer, width=72))
