"""main.py admin-link: a link that makes whoever opens it the board's admin."""

from typing import Annotated

import typer

from bot.cli.console import say
from bot.people.identity import find_key
from bot.settings import load_settings
from bot.web.admins import ASKED_LINK, Admins
from storage.errors import ExpectedError

_MINUTES = int(ASKED_LINK.total_seconds() // 60)


def admin_link(
    url: Annotated[
        str | None,
        typer.Option(
            help="Where people reach the board; without it, where it listens.", metavar="URL"
        ),
    ] = None,
) -> None:
    """Print a link that makes whoever opens it the board's admin, once, while Peoria runs."""
    settings = load_settings()
    key = find_key(settings.data_dir, settings.secret_key)
    if key is None:
        raise ExpectedError("There is no installation here yet: `main.py run` makes one.")
    host = f"[{settings.web_host}]" if ":" in settings.web_host else settings.web_host
    base = url or f"http://{host}:{settings.web_port}"
    say(Admins(key).signed_link(f"{base.rstrip('/')}/"))
    say(f"It works once, within {_MINUTES} minutes. Whoever opens it may train, hide and shut out.")
