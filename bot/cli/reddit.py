"""main.py reddit: whether it works, and posts of the past."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.console import print_json, progress, run, say
from bot.core import open_core
from bot.runtime.clock import now
from bot.settings import Settings, load_settings

if TYPE_CHECKING:
    # praw takes a while to import, and most commands never need it.
    from bot.reddit.backfill import BackfillReport, Listing
    from bot.reddit.check import Finding
    from bot.reddit.client import RedditClient

app = typer.Typer(help="Reddit: check the setup, import posts of the past.", no_args_is_help=True)

_MARKS = {True: "ok  ", False: "NO  ", None: "?   "}


@app.command()
def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check credentials, scopes, subreddits and rate limit. Writes nothing on Reddit.

    Exit status 1 when something is wrong.
    """
    from bot.reddit.check import all_well

    findings = run(_check(load_settings()))
    if as_json:
        print_json([{"what": each.what, "ok": each.ok, "text": each.text} for each in findings])
    else:
        width = max(len(each.what) for each in findings)
        for each in findings:
            say(f"{_MARKS[each.ok]} {each.what:<{width}}  {each.text}")
    if not all_well(findings):
        raise typer.Exit(1)


async def _check(settings: Settings) -> "Sequence[Finding]":
    from bot.reddit.check import Check

    client = _client(settings)
    try:
        return await Check(client, settings).run()
    finally:
        await client.close()


@app.command()
def backfill(
    subreddit: Annotated[str, typer.Argument(help="r/NAME.")],
    limit: Annotated[
        int, typer.Option(min=1, max=1000, help="Most posts; Reddit lists no more than 1,000.")
    ] = 1000,
    listing: Annotated[
        str, typer.Option(help="new: a fair sample; top: the highest scores of all time.")
    ] = "new",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Import posts of a subreddit with their scores as labels, for a first model version.

    Run again, it imports only what is missing.
    """
    from bot.reddit.backfill import Listing

    name = subreddit.removeprefix("/").removeprefix("r/")
    if not name.replace("_", "").isalnum() or not name.isascii() or len(name) > 21:
        raise typer.BadParameter("say r/NAME", param_hint="SUBREDDIT")
    if listing not in [*Listing]:
        raise typer.BadParameter("say new or top", param_hint="--listing")
    report = run(_backfill(name, limit, Listing(listing)))
    if as_json:
        print_json(
            {
                "community": report.community,
                "imported": report.imported.imported,
                "already_there": report.imported.known,
                "labelled": report.imported.labelled,
                "skipped": dict(report.skipped),
                "without_image": report.imported.without_image,
                "requests": report.requests,
            }
        )
    else:
        _show(report)


async def _backfill(name: str, limit: int, listing: "Listing") -> "BackfillReport":
    from bot.reddit.backfill import Backfill
    from bot.reddit.items import Rules

    settings = load_settings()
    client = _client(settings)
    try:
        async with open_core(settings) as core:
            with progress() as bar:
                task = bar.add_task(f"Asking for r/{name}", total=None)

                def advance(what: str, done: int, total: int) -> None:
                    bar.update(task, description=what)
                    if total:
                        bar.update(task, completed=done, total=total)

                rules = Rules(
                    timedelta(hours=settings.reddit_max_age_hours),
                    nsfw=settings.reddit_nsfw,
                    crossposts=settings.reddit_crossposts,
                )
                return await Backfill(core, client, rules).run(
                    name, limit=limit, listing=listing, on_advance=advance
                )
    finally:
        await client.close()


def _client(settings: Settings) -> "RedditClient":
    from bot.reddit.client import RedditClient
    from bot.reddit.credentials import read_credentials

    return RedditClient(
        read_credentials(settings),
        url=settings.reddit_url,
        oauth_url=settings.reddit_oauth_url,
        clock=now,
    )


def _show(report: "BackfillReport") -> None:
    done = report.imported
    say(
        f"Imported {done.imported:,} posts of {report.community} ({done.known:,} were there"
        f" already); {done.labelled:,} labels written, {report.requests} requests made."
    )
    for reason, count in report.skipped.most_common():
        say(f"Left out {count:,}: {reason}.")
    for reason, count in Counter(done.without_image.values()).most_common():
        say(f"{count:,} without an image: {reason}")
    if done.labelled:
        say("`main.py train` makes a model version from them.")
