"""What moderators are answered, as Markdown, in the language that is spoken in the subreddit."""

from dataclasses import dataclass
from datetime import datetime

from bot.serving.number_format import number
from bot.texts.translate import gettext as _
from bot.texts.translate import mark, ngettext, retell
from storage.tables import Community, Digest, HistoryImport
from storage.types import ReplyMode

HELP = mark(
    "I guess how popular images will be in {name}, and come back when the votes are in. In a"
    " conversation about me, or with `!` before it, a line with one of these words asks for"
    " something:"
)
#: What can be asked for, and what it does.
COMMANDS = (
    ("`status`", mark("what I do here")),
    (
        "`pause`, `resume`",
        mark("stop and begin to write comments; posts are predicted all the same"),
    ),
    ("`watch`, `unwatch`", mark("take new posts, or leave them alone")),
    ("`import 30`", mark("learn from the posts of the last 30 days")),
    ("`leaderboard`", mark("the one of the last seven days")),
)
PAGE = mark(
    "Settings are lines of the wiki page {page}, such as `guesses: on` or `leaderboard: sticky`."
)
PAUSED = mark("Done: I write nothing by myself in {name} until somebody writes `resume` here.")
RESUMED = mark("Done: I write in {name} again, as its settings say.")
WATCHED = mark("Done: new posts of {name} are predicted. Settings are on the wiki page {page}.")
UNWATCHED = mark(
    "Done: new posts of {name} are left alone. Earlier ones are followed to their score."
)
IMPORT = mark(
    "Posts of {name} since {since} are being imported. `status` says how far it is. Reddit lists no"
    " more than about 1,000."
)


@dataclass(frozen=True, slots=True)
class Counts:
    """What there is of a subreddit: posts, labels, and when something was last predicted."""

    posts: int
    labels: int
    newest: datetime | None


def known_by(source_id: str) -> str:
    """What an answer is known by; Reddit shows nothing of a link without words."""
    return f"[](#peoria-{source_id})"


def wiki_page(name: str) -> str:
    """Where the settings of a subreddit are."""
    return f"/{name}/wiki/peoria"


def help_text(name: str) -> str:
    """What moderators can ask for."""
    words = "\n".join(f"* {words}: {_(what)}" for words, what in COMMANDS)
    return f"{_(HELP).format(name=name)}\n\n{words}\n\n{_(PAGE).format(page=wiki_page(name))}"


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
    watched = (
        _("New posts of {name} are watched.")
        if community.watched
        else _("New posts of {name} are left alone.")
    )
    stored = ngettext("{n} post is stored.", "{n} posts are stored.", counts.posts)
    labels = ngettext(
        "{n} post has its final score.", "{n} posts have their final score.", counts.labels
    )
    newest = (
        _("No prediction was made yet.")
        if counts.newest is None
        else _("The last prediction was made on {time}.").format(time=_moment(counts.newest))
    )
    lines = [
        watched.format(name=community.name),
        f"{stored.format(n=number(counts.posts))} {labels.format(n=number(counts.labels))}",
        newest,
        _comments(community, writes=writes),
    ]
    if digest is not None:
        said = _("The next leaderboard comes on {time} ({form}).")
        lines.append(said.format(time=_moment(digest.due_at), form=digest.channel))
        if digest.fault:
            lines.append(_("The last one was not shown: {why}").format(why=retell(digest.fault)))
    if last_import is not None:
        under_way = last_import.ended_at is None
        said = (
            _("The import of posts since {since} is under way, {n} stored so far.")
            if under_way
            else _("The import of posts since {since} has ended, {n} were stored.")
        )
        since, count = f"{last_import.since:%Y-%m-%d}", number(last_import.counts.get("stored", 0))
        lines.append(said.format(since=since, n=count))
        if last_import.fault:
            lines.append(retell(last_import.fault))
    if fault:
        lines.append(_("The wiki page is not taken up. {why}").format(why=fault))
    return "\n\n".join(lines)


def _comments(community: Community, *, writes: bool) -> str:
    if not writes:
        return _("No comments are written: whoever runs me switched them off.")
    if community.paused_at is not None:
        reason = retell(community.paused_reason or "")
        said = _("No comments since {time}: {why}")
        return said.format(time=_moment(community.paused_at), why=reason)
    if community.reply_mode is ReplyMode.SILENT:
        return _("No comments are written: the settings say `replies: off`.")
    return _("Predictions are written as comments.")


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
