"""main.py predict: what the champion says about image files."""

from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.panel import Panel
from rich.text import Text

from bot.cli.console import out, print_json, run
from bot.core import open_core
from bot.serving.attribute_phrases import looks_like
from bot.serving.audience import Audience, find_audience
from bot.serving.forecast import Card
from bot.serving.number_format import percent
from bot.serving.phrases import (
    POOLED_VIEW,
    headline,
    knowledge_note,
    place_line,
    pooled_headline,
    score_sentence,
    set_aside_note,
)
from bot.serving.predict_files import FilePrediction, predict_files
from bot.settings import load_settings
from storage.types import Bucket

#: Width of a full bar, characters.
BAR = 30
_COLOURS = {Bucket.LOW: "red", Bucket.MEDIUM: "yellow", Bucket.HIGH: "green"}


def predict(
    images: Annotated[
        list[str],
        typer.Argument(
            help="Image files (JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF, BMP), folders of them, web"
            " addresses, or - for standard input."
        ),
    ],
    title: Annotated[str, typer.Option(help="The title it would be posted with.")] = "",
    community: Annotated[
        str | None, typer.Option(help="Where it would be posted, for example r/memes.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Predict how popular images will be. Nothing is stored.

    Exit status 1 when any image was refused; the others are answered all the same.
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
    images: list[str], title: str, community: str | None
) -> tuple[Audience, list[FilePrediction]]:
    async with open_core(load_settings()) as core:
        audience = await find_audience(core.database, community, core.clock())
        return audience, await predict_files(
            core.serving, images, downloader=core.downloader, title=title, audience=audience,
            clock=core.clock,
        )  # fmt: skip


def _as_json(prediction: FilePrediction) -> dict[str, Any]:
    card = prediction.card
    if card is None:
        return {"file": prediction.file, "error": prediction.error}
    names = ("p10", "median", "p90")
    percentile = [round(point, 4) for point in card.percentile]
    return {
        "file": prediction.file,
        "probabilities": {"low": card.p_low, "medium": card.p_medium, "high": card.p_high},
        "bucket": card.bucket.value,
        "likely": [bucket.value for bucket in card.likely],
        "percentile": dict(zip(names, percentile, strict=True)),
        "beats": round(card.beats, 4),
        "score": dict(zip(names, card.score, strict=True)) if card.score else None,
        "quantiles": card.quantiles,
        "known": None if card.place is None else round(card.place.known, 4),
        "set_aside": card.set_aside,
        "blank": card.blank,
        "frame": prediction.frame and dict(zip(("number", "of"), prediction.frame, strict=True)),
        "attributes": None if card.attributes is None else card.attributes.as_json(),
        "model_version": card.model_version,
        "untrained": card.untrained,
        "latency_ms": round(prediction.latency_ms, 2),
    }


def _sentences(card: Card, audience: Audience) -> list[str | None]:
    if audience.name is None:
        return [
            pooled_headline(card),
            score_sentence(card),
            looks_like(card),
            set_aside_note(card),
            POOLED_VIEW,
        ]
    return [
        headline(card, audience.name),
        score_sentence(card),
        place_line(card, audience.name),
        looks_like(card),
        set_aside_note(card),
        knowledge_note(card, audience.name),
    ]


def _frame_sentence(prediction: FilePrediction) -> str | None:
    if prediction.frame is None:
        return None
    number, frames = prediction.frame
    return f"An animation, judged by its frame {number} of {frames}."


def _show(prediction: FilePrediction, audience: Audience) -> None:
    card = prediction.card
    name = escape(prediction.file)
    if card is None:
        out.print(Panel(Text(prediction.error or ""), title=name, border_style="red", width=72))
        return
    text = Text()
    for bucket, chance in card.chances.items():
        text.append(f"{bucket.value:>7} ", style="bold" if bucket in card.likely else "")
        text.append("█" * round(chance * BAR), style=_COLOURS[bucket])
        text.append("░" * (BAR - round(chance * BAR)), style="dim")
        text.append(f" {percent(chance)}\n")
    for sentence in [*_sentences(card, audience), _frame_sentence(prediction)]:
        if sentence:
            text.append(f"\n{sentence}")
    footer = f"{escape(card.model_version)} · {prediction.latency_ms:.0f} ms"
    out.print(Panel(text, title=name, subtitle=footer, width=72))
