"""main.py genres: what people say of genres, a community's own genres, and what is learned."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from bot.cli.console import CommandFailed, print_json, run, say
from bot.communities import change_community
from bot.core import Core, open_core
from bot.posts.genres import (
    GenreRefused,
    check_own_genres,
    correct_genre_as_operator,
    genres_of,
)
from bot.serving.attribute_phrases import genre_name
from bot.settings import load_settings
from bot.training.genres import GenreRefits, GenreVersion
from models.attributes.serving_genres import SHIPPED, Serving
from storage.queries.communities import find_the_community
from storage.types import OWN_GENRES

app = typer.Typer(
    help="Genres: correct them, name a community's own, learn them.", no_args_is_help=True
)


@app.command()
def correct(
    post: Annotated[int, typer.Argument(help="The post's number, as in its address on the board.")],
    genre: Annotated[str, typer.Argument(help="What it is, for example 'rage comic'.")],
) -> None:
    """Say which genre a post is. It counts from now on, and is learned from."""
    run(_correct(post, genre))
    say("Noted.")


async def _correct(post: int, genre: str) -> None:
    async with open_core(load_settings()) as core, core.database.write() as session:
        try:
            await session.run_sync(correct_genre_as_operator, post, genre, core.clock())
        except GenreRefused as refused:
            raise CommandFailed(str(refused)) from refused


@app.command()
def own(
    names: Annotated[
        list[str] | None, typer.Argument(help="All of its own genres; none: show them.")
    ] = None,
    community: Annotated[
        str | None, typer.Option(help="For example r/memes. [default: the only one there is]")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="It has none of its own.")] = False,
) -> None:
    """Name the genres that a community has of its own, beside those Peoria came with."""
    name, found = run(_own(community, [] if clear else names or None))
    say(f"{name}: {', '.join(map(genre_name, found))}.")


async def _own(community: str | None, names: list[str] | None) -> tuple[str, tuple[str, ...]]:
    async with open_core(load_settings()) as core:
        async with core.database.read() as session:
            where = await session.run_sync(find_the_community, community)
        if names is not None:
            try:
                options: dict[str, Any] = {OWN_GENRES: check_own_genres(names) or None}
            except GenreRefused as refused:
                raise CommandFailed(str(refused)) from refused
            where = await change_community(core.database, where.id, options=options)
        return where.name, genres_of(where)


@app.command()
def refit(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Learn genres from what people said; what is better serves. The schedule does it, too."""
    version = run(_refit())
    if as_json:
        print_json(asdict(version))
        return
    verdict = version.verdict
    say(f"{version.name}: {verdict['reason']}")
    say(
        f"On {verdict['corrections']:,} corrections that were not learned from: log loss"
        f" {verdict['log_loss']:.3f} as it served, {verdict['log_loss_challenger']:.3f} as learned;"
        f" right {verdict['accuracy']:.0%} and {verdict['accuracy_challenger']:.0%}."
    )


async def _refit() -> GenreVersion:
    async with open_core(load_settings()) as core:
        return await _refits(core).refit()


@app.command()
def versions(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """What was learned of genres so far, and what serves (★)."""
    found, serving = run(_versions())
    if as_json:
        print_json({"serving": serving.name, "versions": [asdict(each) for each in found]})
        return
    say(f"{'★ ' if serving.name == SHIPPED else ''}{SHIPPED}: the one that Peoria came with.")
    for each in found:
        mark = "★ " if serving.name == each.name else ""
        say(f"{mark}{each.name}: {each.said:,} corrections. {each.verdict['reason']}")


async def _versions() -> tuple[list[GenreVersion], Serving]:
    async with open_core(load_settings()) as core:
        refits = _refits(core)
        return refits.versions(), refits.serving()


@app.command()
def promote(name: Annotated[str, typer.Argument(help="Of `genres versions`.")]) -> None:
    """Have a version serve, whatever the gate said. A running Peoria takes it up by itself."""
    run(_promote(name))
    say(f"{name} serves now.")


async def _promote(name: str) -> None:
    async with open_core(load_settings()) as core:
        _refits(core).promote(name)


@app.command()
def rollback() -> None:
    """Have the version serve again that the present one took the place of."""
    say(f"{run(_rollback())} serves again.")


async def _rollback() -> str:
    async with open_core(load_settings()) as core:
        return _refits(core).rollback()


def _refits(core: Core) -> GenreRefits:
    return GenreRefits(core.database, core.settings.versions_dir, clock=core.clock)
