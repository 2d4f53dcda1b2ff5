"""The command line. `main.py --help` lists what there is."""

import os
import sys
from typing import Annotated

if sys.argv[1:2] == ["run"]:
    # Before NumPy is loaded. The matrices of a few posts are small: two threads multiply them no
    # faster than one, and then turn in circles waiting for more, milliseconds of both processors.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import typer
from sqlalchemy.exc import DBAPIError

from bot.cli import (
    admin_link,
    advise,
    backbone,
    backup,
    bluesky,
    captions,
    cluster,
    db,
    discord,
    distill,
    doctor,
    evaluate,
    export,
    finetune,
    genres,
    images,
    import_posts,
    leaderboard,
    lemmy,
    mastodon,
    meme,
    models,
    nowcast,
    predict,
    read_text,
    reddit,
    replay,
    reproduce,
    restore,
    retrain,
    run,
    simulate,
    stats,
    suspicions,
    token,
    train,
    webhook,
)
from bot.cli.console import err, say
from peoria import __version__
from storage.engine.faults import storage_fault
from storage.errors import ExpectedError
from storage.objects.faults import ObjectStoreFault

app = typer.Typer(
    name="peoria",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _print_version(*, asked: bool) -> None:
    if asked:
        say(f"peoria {__version__}")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version, and exit."
        ),
    ] = False,
) -> None:
    """Will it play in Peoria? Predicts how popular an image will be in a community, comes back
    with what really happened, and learns from it."""


app.command()(run.run)
app.command()(predict.predict)
app.command("advise")(advise.advise_post)
app.command("import")(import_posts.import_posts)
app.command()(train.train)
app.command()(retrain.retrain)
app.command()(doctor.doctor)
app.command()(backup.backup)
app.command()(restore.restore)
app.command()(evaluate.evaluate)
app.command()(nowcast.nowcast)
app.command()(finetune.finetune)
app.command()(meme.meme)
app.command("read-text")(read_text.read_text)
app.command()(leaderboard.leaderboard)
app.command()(suspicions.suspicions)
app.command("admin-link")(admin_link.admin_link)
app.command()(simulate.simulate)
app.command()(replay.replay)
app.command()(distill.distill)
app.add_typer(reproduce.app, name="reproduce")
app.add_typer(stats.app, name="stats")
app.add_typer(genres.app, name="genres")
app.add_typer(captions.app, name="captions")
app.add_typer(images.app, name="images")
app.add_typer(models.app, name="models")
app.add_typer(discord.app, name="discord")
app.add_typer(reddit.app, name="reddit")
app.add_typer(lemmy.app, name="lemmy")
app.add_typer(mastodon.app, name="mastodon")
app.add_typer(bluesky.app, name="bluesky")
app.add_typer(backbone.app, name="backbone")
app.add_typer(cluster.app, name="cluster")
app.add_typer(token.app, name="token")
app.add_typer(webhook.app, name="webhook")
app.add_typer(export.app, name="export")
app.add_typer(db.app, name="db")


def main() -> None:
    """Run the command line.

    What goes wrong outside the program is printed as a sentence, with exit status 1. Any other
    exception is a fault of ours and keeps its traceback.
    """
    try:
        app()
    except ExpectedError as error:
        _fail(str(error))
    except (OSError, DBAPIError) as error:
        _fail(_sentence(error))


def _sentence(error: OSError | DBAPIError) -> str:
    """What is wrong outside of the program, and what to do about it where that is known."""
    if isinstance(error, OSError):
        if isinstance(error, ObjectStoreFault):
            return str(error)
        said = error.strerror or str(error)
        where = f": {error.filename}" if error.filename else ""
        what = "The system says"
    else:
        said, where, what = str(error.orig), "", "The database says"
    fault = storage_fault(error)
    if fault is None:
        intro = "The database cannot be used: " if isinstance(error, DBAPIError) else ""
        return f"{intro}{said}{where}."
    return f"{fault.what[0].upper()}{fault.what[1:]}. {what}: {said}{where}. {fault.advice}"


def _fail(sentence: str) -> None:
    err.print(sentence, style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
