"""main.py genres: what people say of genres, a community's own genres, and what is learned."""

from dataclasses import asdict
from typing import Annotated, Any, TypeAlias

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
from bot.training.genres import GenreRefits, GenresNotLearned, GenreVersion
from bot.training.own_genres import OwnGenreRefits, OwnGenreVersion
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
    version, own = run(_refit())
    if as_json:
        found = {} if isinstance(version, str) else asdict(version)
        print_json(found | {"own": {name: _json_of(each) for name, each in own.items()}})
        return
    if isinstance(version, str):
        say(version)
    else:
        verdict = version.verdict
        say(f"{version.name}: {verdict['reason']}")
        say(
            f"On {verdict['corrections']:,} corrections that were not learned from: log loss"
            f" {verdict['log_loss']:.3f} as it served, {verdict['log_loss_challenger']:.3f} as"
            f" learned; right {verdict['accuracy']:.0%} and {verdict['accuracy_challenger']:.0%}."
        )
    for name, learned in own.items():
        say(f"{name}: {learned if isinstance(learned, str) else _in_words(learned)}")


def _json_of(learned: OwnGenreVersion | str) -> Any:
    return {"not_learned": learned} if isinstance(learned, str) else asdict(learned)


def _in_words(version: OwnGenreVersion) -> str:
    verdict = version.verdict
    return (
        f"{', '.join(version.genres)}: {verdict['reason']} On {verdict['pictures']:,} posts that"
        f" were not learned from: {verdict['found']:.0%} of these genres found."
    )


async def _refit() -> tuple[GenreVersion | str, dict[str, OwnGenreVersion | str]]:
    """What was learned of the genres that all have, and by community; or why nothing was."""
    async with open_core(load_settings()) as core:
        own_refits = _own_refits(core)
        found: GenreVersion | str
        own: dict[str, OwnGenreVersion | str] = {}
        try:
            found = await _refits(core).refit()
        except GenresNotLearned as error:
            found = str(error)
        communities = await own_refits.with_own()
        if isinstance(found, str) and not communities:
            raise CommandFailed(found)
        for community in communities:
            try:
                own[community.name] = await own_refits.refit(community)
            except GenresNotLearned as error:
                own[community.name] = str(error)
        return found, own


@app.command()
def versions(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """What was learned of genres so far, and what serves (★)."""
    found, serving, own = run(_versions())
    if as_json:
        print_json(
            {
                "serving": serving.name,
                "versions": [asdict(each) for each in found],
                "own": {
                    name: {"serving": served, "versions": [asdict(each) for each in versions]}
                    for name, (served, versions) in own.items()
                },
            }
        )
        return
    say(f"{'★ ' if serving.name == SHIPPED else ''}{SHIPPED}: the one that Peoria came with.")
    for each in found:
        mark = "★ " if serving.name == each.name else ""
        say(f"{mark}{each.name}: {each.said:,} corrections. {each.verdict['reason']}")
    for name, (served, versions) in own.items():
        say(f"{name}, its own genres:")
        if not versions:
            say("  nothing was learned yet.")
        for learned in versions:
            mark = "★ " if learned.name == served else ""
            say(f"  {mark}{learned.name}: {_in_words(learned)}")


_Own: TypeAlias = dict[str, tuple[str | None, list[OwnGenreVersion]]]


async def _versions() -> tuple[list[GenreVersion], Serving, _Own]:
    async with open_core(load_settings()) as core:
        refits, own = _refits(core), _own_refits(core)
        return (
            refits.versions(),
            refits.serving(),
            {
                each.name: (own.serving(each.id), own.versions(each.id))
                for each in await own.with_own()
            },
        )


@app.command()
def promote(
    name: Annotated[str, typer.Argument(help="Of `genres versions`.")],
    community: Annotated[
        str | None, typer.Option(help="Whose own genres it tells, for example r/memes.")
    ] = None,
) -> None:
    """Have a version serve, whatever the gate said. A running Peoria takes it up by itself."""
    run(_promote(name, community))
    say(f"{name} serves now.")


async def _promote(name: str, community: str | None) -> None:
    async with open_core(load_settings()) as core:
        if community is None:
            _refits(core).promote(name)
        else:
            _own_refits(core).promote(await _community_id(core, community), name)


@app.command()
def rollback(
    community: Annotated[
        str | None, typer.Option(help="Whose own genres are meant, for example r/memes.")
    ] = None,
) -> None:
    """Have the version serve again that the present one took the place of."""
    name = run(_rollback(community))
    say(f"{name} serves again." if name else "Its own genres are not told any more.")


async def _rollback(community: str | None) -> str | None:
    async with open_core(load_settings()) as core:
        if community is None:
            return _refits(core).rollback()
        return _own_refits(core).rollback(await _community_id(core, community))


async def _community_id(core: Core, name: str) -> int:
    async with core.database.read() as session:
        return (await session.run_sync(find_the_community, name)).id


def _own_refits(core: Core) -> OwnGenreRefits:
    return OwnGenreRefits(core.database, core.settings.versions_dir, clock=core.clock)


def _refits(core: Core) -> GenreRefits:
    return GenreRefits(core.database, core.settings.versions_dir, clock=core.clock)
