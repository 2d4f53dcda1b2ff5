"""What moderators are answered, as Markdown."""

from dataclasses import dataclass
from datetime import datetime

from bot.serving.number_format import number
from storage.tables import Community, Digest, HistoryImport
from storage.types import ReplyMode

HELP = (
    "I guess how popular images will be in {name}, and come back when the votes are in. In a"
    " conversation about me, or with `!` before it, a line with one of these words asks for"
    " something:\n\n"
    "* `status`: what I do here\n"
    "* `pause`, `resume`: stop and begin to write comments; posts are predicted all the same\n"
    "* `watch`, `unwatch`: take new posts, or leave them alone\n"
    "* `import 30`: learn from the posts of the last 30 days\n"
    "* `leaderboard`: the one of the last seven days\n\n"
    "Settings are lines of the wiki page /{name}/wiki/peoria, such as `guesses: on` or"
    " `leaderboard: sticky`."
)
PAUSED = "Done: I write nothing by myself in {name} until somebody writes `resume` here."
RESUMED = "Done: I write in {name} again, as its settings say."
WATCHED = (
    "Done: new posts of {name} are predicted. Settings are on the wiki page /{name}/wiki/peoria."
)
UNWATCHED = "Done: new posts of {name} are left alone. Earlier ones are followed to their score."
IMPORT = (
    "Posts of {name} since {since} are being imported. `status` says how far it is. Reddit lists no"
    " more than about 1,000."
)


@dataclass(frozen=True, slots=True)
class Counts:
    """What there is of a subreddit: posts, labels, and when something was last predicted."""

    posts: int
    labels: int
    newest: datetime | None


def mark(source_id: str) -> str:
    """What an answer is known by; Reddit shows nothing of a link without words."""
    return f"[](#peoria-{source_id})"


def status(
    community: Community,
    counts: Counts,
    digest: Digest | None,
    last_import: HistoryImport | None,
    fault: str | None,
    *,
    writes: bool,
) -> str:
    """What is done in a subreddit now.

    Args:
        fault: what is wrong with its wiki page, a sentence.
        writes: whether Peoria writes on Reddit at all.
    """
    newest = "never" if counts.newest is None else f"{counts.newest:%Y-%m-%d %H:%M} UTC"
    watched = "watched" if community.watched else "left alone"
    stored, labels = number(counts.posts), number(counts.labels)
    lines = [
        f"New posts of {community.name} are {watched}.",
        f"{stored} posts are stored, {labels} of them with their final score.",
        f"The last prediction was made: {newest}.",
        _comments(community, writes=writes),
    ]
    if digest is not None:
        said = f"The next leaderboard comes on {digest.due_at:%A, %Y-%m-%d %H:%M} UTC"
        lines.append(f"{said} ({digest.channel}).")
        if digest.fault:
            lines.append(f"The last one was not shown: {digest.fault}")
    if last_import is not None:
        stored = number(last_import.counts.get("stored", 0))
        state = "is under way" if last_import.ended_at is None else "has ended"
        lines.append(f"The import of posts since {last_import.since:%Y-%m-%d} {state}: {stored}.")
        if last_import.fault:
            lines.append(last_import.fault)
    if fault:
        lines.append(f"The wiki page is not taken up. {fault}")
    return "\n\n".join(lines)


def _comments(community: Community, *, writes: bool) -> str:
    if not writes:
        return "No comments are written: whoever runs me switched them off (PEORIA_REDDIT_REPLY)."
    if community.paused_at is not None:
        reason = community.paused_reason
        return f"No comments since {community.paused_at:%Y-%m-%d %H:%M} UTC: {reason}"
    if community.reply_mode is ReplyMode.SILENT:
        return "No comments are written: the settings say `replies: off`."
    return "Predictions are written as comments."
