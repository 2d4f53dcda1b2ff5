"""What is written on Reddit, as Markdown. Nothing that people wrote is ever repeated in it."""

from datetime import datetime

from bot.networks.texts import I_AM_A_BOT, Markdown
from storage.types import Bucket

GUESS_FIRST = (
    "People guess first here: the prediction is shown when guessing has closed. `!guess low`,"
    " `!guess medium` or `!guess high` in a comment is a guess."
)
STILL_WAITING = "The image could not be read yet, so there is no prediction."
_TEXTS = Markdown(
    f"^({I_AM_A_BOT}) [^(What is this?)]({{about}}) ^(· Reply) `{{out}}`"
    " ^(and I leave your posts alone.)"
)
prediction_text = _TEXTS.prediction
settled_text = _TEXTS.settled
plain_text = _TEXTS.plain


def guess_text(bucket: Bucket | None, closes_at: datetime | None) -> str:
    """What became of a guess; None: it does not count."""
    if bucket is None:
        return "This guess does not count: it is too late, the post is your own, or you opted out."
    until = "" if closes_at is None else f" It can be changed until {closes_at:%H:%M} UTC."
    return f"Your guess counts: {bucket.value}.{until}"
