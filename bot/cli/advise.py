"""main.py advise: which picture, which title, when and where to post."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Column, Table
from rich.text import Text

from bot.cli.console import CommandFailed, out, print_json, run, say
from bot.core import Core, open_core
from bot.serving.advice_phrases import hour_sentences, place_sentence, ranking_sentences
from bot.serving.advise import MOST_VARIANTS, Advice, Refusal, Variant, advise
from bot.serving.audience import find_audience
from bot.serving.forecast import Card
from bot.serving.image_sources import ImageSource, SourceUnread, named_images, read_image
from bot.serving.number_format import percent
from bot.serving.pair_record import PairRecord
from bot.serving.phrases import UNTRAINED
from bot.settings import load_settings
from storage.queries.communities import all_communities


def advise_post(
    images: Annotated[
        list[str],
        typer.Argument(help="Image files, folders, web addresses, or - for standard input."),
    ],
    title: Annotated[
        list[str] | None, typer.Option(help="A title; several: each picture with each of them.")
    ] = None,
    community: Annotated[
        str | None, typer.Option(help="Where it would be posted, for example r/memes.")
    ] = None,
    hour: Annotated[bool, typer.Option("--hour", help="Say when to post the best.")] = False,
    everywhere: Annotated[
        bool, typer.Option("--all", help="Say which community suits the best.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Rank up to ten variants of a post, and say when and where to post the best.

    Each kind of advice comes with how often such advice was right here, from predictions that were
    stored before their votes were in. Nothing is stored.
    """
    advice, zone = run(_advise(images, title or [""], community, hour=hour, everywhere=everywhere))
    if as_json:
        print_json(_as_json(advice))
    else:
        _show(advice, community, zone)
    if advice.refused:
        raise typer.Exit(1)


async def _advise(
    images: Sequence[str], titles: Sequence[str], community: str | None,
    *, hour: bool, everywhere: bool,
) -> tuple[Advice, str]:  # fmt: skip
    sources = named_images(images)
    if len(sources) * len(titles) > MOST_VARIANTS:
        raise CommandFailed(
            f"{len(sources)} pictures with {len(titles)} titles are more than the {MOST_VARIANTS}"
            " variants that are compared at once. Leave some out."
        )
    async with open_core(load_settings()) as core:
        audience = await find_audience(core.database, community, core.clock())
        variants, unread = await _variants(core, sources, titles)
        if not variants:
            raise CommandFailed(f"{unread[0].variant.name}: {unread[0].reason}")
        async with core.database.read() as session:
            known = list(await session.run_sync(all_communities))
        advice = await advise(
            core.serving, core.database, variants, audience=audience, now=core.clock(),
            hours=hour, communities=[each.id for each in known] if everywhere else (),
        )  # fmt: skip
        return replace(advice, refused=(*advice.refused, *unread)), audience.time_zone


async def _variants(
    core: Core, sources: Sequence[ImageSource], titles: Sequence[str]
) -> tuple[list[Variant], list[Refusal]]:
    """Each picture with each title, and the pictures that could not be read."""
    variants: list[Variant] = []
    unread: list[Refusal] = []
    for source in sources:
        try:
            data = await read_image(source, core.downloader, core.serving.limits.max_bytes)
        except SourceUnread as error:
            unread.append(Refusal(Variant(source.name, b"", ""), str(error)))
            continue
        variants += [Variant(source.name, data, title) for title in titles]
    return variants, unread


def _show(advice: Advice, community: str | None, zone: str) -> None:
    if advice.ranked:
        _show_variants(advice)
        if advice.ranked[0].card.untrained:
            say(UNTRAINED)
        for sentence in ranking_sentences(advice) + hour_sentences(advice, zone):
            say(sentence)
    if advice.places:
        _show_places(advice)
    for each in advice.refused:
        say(f"{each.variant.name}: {each.reason}")
    if community is None and advice.ranked and not advice.places:
        say("This is for no community in particular; --community names one.")


def _show_variants(advice: Advice) -> None:
    titled = any(each.variant.title for each in advice.ranked)
    table = _table("Picture", *(["Title"] if titled else []))
    for number, each in enumerate(advice.ranked, start=1):
        words = [each.variant.name, *([each.variant.title] if titled else [])]
        _add_row(table, number, words, each.card)
    out.print(table)


def _show_places(advice: Advice) -> None:
    table = _table("Community")
    for number, each in enumerate(advice.places, start=1):
        _add_row(table, number, [each.community], each.card)
    out.print(table)
    if sentence := place_sentence(advice):
        say(sentence)


def _table(*headings: str) -> Table:
    return Table(
        Column("", justify="right"), *headings, Column("Beats", justify="right", no_wrap=True),
        Column("Low / medium / high", no_wrap=True), box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0),
    )  # fmt: skip


def _add_row(table: Table, number: int, words: Sequence[str], card: Card) -> None:
    # People's names for things are no markup.
    table.add_row(f"{number}", *map(Text, words), percent(card.beats), _chances(card))


def _chances(card: Card) -> str:
    return " / ".join(percent(each) for each in (card.p_low, card.p_medium, card.p_high))


def _as_json(advice: Advice) -> dict[str, Any]:
    return {
        "ranked": [
            {"image": each.variant.name, "title": each.variant.title, **_card(each.card)}
            for each in advice.ranked
        ],
        "refused": [{"image": each.variant.name, "error": each.reason} for each in advice.refused],
        "ranking": _record(advice.ranking),
        "close_call": _record(advice.close_call),
        "hours": [
            {"at": each.at.isoformat(), "beats": round(each.beats, 4)} for each in advice.hours
        ],
        "timing": _record(advice.timing),
        "communities": [
            {"community": each.community, **_card(each.card)} for each in advice.places
        ],
        "placing": _record(advice.placing),
    }


def _card(card: Card) -> dict[str, Any]:
    return {
        "beats": round(card.beats, 4),
        "probabilities": {"low": card.p_low, "medium": card.p_medium, "high": card.p_high},
        "untrained": card.untrained,
    }


def _record(record: PairRecord | None) -> dict[str, Any] | None:
    return None if record is None else asdict(record)
