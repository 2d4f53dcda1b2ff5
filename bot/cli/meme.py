"""main.py meme: captions for a picture, ranked by what plays in a community."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from bot.cli.console import CommandFailed, out, run, say
from bot.core import open_core
from bot.memes.open_maker import open_maker
from bot.memes.suggest import CaptionSource, Suggestions
from bot.serving.attribute_phrases import expression_word
from bot.serving.audience import find_audience
from bot.serving.number_format import percent
from bot.settings import load_settings
from models.captions.render import Meme
from models.decoding import ImageRefused

#: Formats by the ending of the file's name.
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".gif": "GIF"}
_SOURCES = {
    CaptionSource.OWN: "yours",
    CaptionSource.MODEL: "caption model",
    CaptionSource.POSTS: "posts here",
    CaptionSource.SERVER: "caption server",
}


def meme(
    image: Annotated[Path, typer.Argument(help="The picture: JPEG, PNG, WebP, GIF or AVIF.")],
    to: Annotated[Path, typer.Option("--out", help="File to write: .png, .jpg, .webp or .gif.")],
    title: Annotated[str, typer.Option(help="The title it would be posted with.")] = "",
    community: Annotated[
        str | None, typer.Option(help="Where it would be posted, for example r/memes.")
    ] = None,
    captions: Annotated[
        int, typer.Option(min=1, max=20, help="How many captions to show; the best is drawn.")
    ] = 5,
    caption: Annotated[
        list[str] | None,
        typer.Option(help="Your own caption, TOP|BOTTOM; several: they are compared."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another number, other captions.")] = 0,
) -> None:
    """Caption a picture. Captions are ranked by what the champion says of each; the best is drawn.

    Captions come from posts of the community, from the caption model that ships and from
    PEORIA_CAPTION_URL, or from you with --caption. Nothing is stored.
    """
    file_format = _FORMATS.get(to.suffix.lower())
    if file_format is None:
        raise CommandFailed(f"{to} must end in one of {', '.join(_FORMATS)}.")
    own = [tuple(each.split("|")) for each in caption or ()]
    found, drawn = run(_make(image, title, community, captions, own, seed, file_format))
    to.write_bytes(drawn.data)
    _show(found, community)
    say(f"{to}: {drawn.width} × {drawn.height} pixels, caption 1.")


async def _make(
    image: Path, title: str, community: str | None, count: int, own: list[tuple[str, ...]],
    seed: int, file_format: str,
) -> tuple[Suggestions, Meme]:  # fmt: skip
    async with open_core(load_settings()) as core:
        audience = await find_audience(core.database, community, core.clock())
        maker = open_maker(core.settings, core.serving, core.database)
        with image.open("rb") as stream:
            data = await asyncio.to_thread(stream.read, core.serving.limits.max_bytes + 1)
        try:
            found = await maker.suggest(
                data, title=title, audience=audience, now=core.clock(), count=count, own=own,
                seed=seed,
            )  # fmt: skip
            best = found.chosen[0]
            drawn = await asyncio.to_thread(
                found.canvas.meme, best.boxes, generated=best.source.generated,
                file_format=file_format,
            )  # fmt: skip
        except ImageRefused as refusal:
            raise CommandFailed(f"{image}: {refusal}") from refusal
        return found, drawn


def _show(found: Suggestions, community: str | None) -> None:
    place = community or "a community like those it learned from"
    table = Table("", "caption", "beats", "low / medium / high", "from", show_lines=True)
    for number, each in enumerate(found.chosen, 1):
        card = each.card
        chances = (percent(chance) for chance in (card.p_low, card.p_medium, card.p_high))
        table.add_row(
            str(number),
            Text("\n".join(each.boxes)),
            percent(card.beats),
            " / ".join(chances),
            _SOURCES[each.source],
        )
    out.print(table)
    say(f"Without a caption it beats {percent(found.plain.beats)} of posts in {place}.")
    if found.expression:
        say(f"The face on it looks {expression_word(found.expression)}.")
    for note in found.notes:
        say(note)
