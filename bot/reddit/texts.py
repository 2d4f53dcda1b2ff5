"""What is written on Reddit, as Markdown. Nothing that people wrote is ever repeated in it."""

from datetime import datetime

from bot.networks.texts import Markdown
from bot.serving.phrases import bucket_word
from bot.texts.translate import gettext as _
from bot.texts.translate import mark
from storage.types import Bucket

GUESS_FIRST = mark(
    "People guess first here: the prediction is shown when guessing has closed. `!guess low`,"
    " `!guess medium` or `!guess high` in a comment is a guess."
)
STILL_WAITING = mark("The image could not be read yet, so there is no prediction.")
_TEXTS = Markdown("^({bot}) [^({what})]({about}) ^(· {before}) `{out}` ^({after})")
prediction_text = _TEXTS.prediction
settled_text = _TEXTS.settled
plain_text = _TEXTS.plain


def guess_text(bucket: Bucket | None, closes_at: datetime | None) -> str:
    """What became of a guess; None: it does not count."""
    if bucket is None:
        return _(
            "This guess does not count: it is too late, the post is your own, or you opted out."
        )
    said = _("Your guess counts: {bucket}.").format(bucket=bucket_word(bucket))
    if closes_at is None:
        return said
    until = _("It can be changed until {time} UTC.").format(time=f"{closes_at:%H:%M}")
    return f"{said} {until}"
