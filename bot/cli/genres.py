"""main.py genres: what people say of genres, a community's own genres, and what is learned."""

from typing import Annotated, Any

import typer

from bot.cli.console import CommandFailed, run, say
from bot.communities import change_community
from bot.core import open_core
from bot.posts.genres import (
    GenreRefused,
    check_own_genres,
    correct_genre_as_operator,
    genres_of,
)
from bot.serving.attribute_phrases import genre_name
from bot.settings import load_settings
from storage.queries.communities import find_the_community
from storage.types import OWN_GENRES

app = typer.Typer(help="Genres: correct them, name a community's own.", no_args_is_help=True)


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
