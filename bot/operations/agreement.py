"""Settings that all processes on one database must have alike.

They decide what is stored and shown for everybody: with two values of one of them, what a post
comes to would depend on which process had its turn.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from bot.settings import ENV_PREFIX, Settings
from storage.errors import ExpectedError
from storage.tables import RunningProcess

#: Names of the settings, with what would be at odds. None of them is a secret.
MUST_AGREE: Mapping[str, str] = {
    "season_time_zone": "the days of the league",
    "min_guesses": "who has a rank",
    "scores_to_compare": "when a score gets its label",
    "late_share": "which scores are too late for a label",
    "silent_share": "which posts are predicted silently",
    "board_name": "the board's name",
    "board_horizon_minutes": "when scores on the board are final",
    "board_guess_minutes": "when guessing on the board closes",
    "board_blind": "who sees a prediction on the board",
    "reddit_horizon_hours": "when scores on Reddit are final",
    "images_url": "where images and model versions are",
    "image_days": "when images are deleted",
    "keep_versions": "which model versions are kept",
    "train_min_labels": "when there is enough to train from",
}


class SettingsDisagree(ExpectedError):
    """A process that runs on this database has another value of a setting."""


def agreed(settings: Settings) -> dict[str, Any]:
    """The values that other processes must have, too, as JSON takes them."""
    return {name: getattr(settings, name) for name in MUST_AGREE}


def check_agreement(mine: Mapping[str, Any], others: Iterable[RunningProcess]) -> None:
    """Hold our settings against those of the processes that run.

    Settings that only one of two releases knows are not compared.

    Raises:
        SettingsDisagree: one has another value; the message says which, where, and what to do.
    """
    for other in others:
        theirs = other.settings or {}
        for name, value in mine.items():
            if name in theirs and theirs[name] != value:
                raise SettingsDisagree(
                    f"{ENV_PREFIX}{name.upper()} is {value!r} here, and {theirs[name]!r} in the"
                    f" Peoria that runs on {other.host} with the same database: they would not"
                    f" agree on {MUST_AGREE[name]}. Give both the same value. To change it for"
                    " all, stop all of them first; one that was killed on another machine counts"
                    " as running for two minutes."
                )
