"""What the doctor says of following deletions on other platforms."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.operations.findings import Finding, State
from bot.people.deletion_rounds import LIMIT, round_state
from storage.tables import Post
from storage.types import PlatformName

_FOLLOWED = (PlatformName.REDDIT, PlatformName.LEMMY, PlatformName.MASTODON, PlatformName.BLUESKY)


def deletion_findings(session: Session, now: datetime) -> list[Finding]:
    """A line for each platform whose stored posts are looked at for having been deleted."""
    found = []
    for platform in _FOLLOWED:
        state = round_state(session, platform)
        if state.begun_at is None and state.ended is None:
            continue
        name = platform.value.capitalize()
        posts = select(func.count()).select_from(Post).where(Post.platform == platform)
        count = session.scalar(posts) or 0
        said = f"{state.forgotten:,} of {count:,} posts of {name} were deleted there, and so here"
        since = state.ended or datetime.fromisoformat(str(state.begun_at))
        if now - since > LIMIT:
            hours = LIMIT.total_seconds() / 3600
            sentence = (
                f"{said}. They were last all looked at on {since:%Y-%m-%d %H:%M} UTC, more than"
                f" {hours:.0f} h ago: {name} has to be reachable for that."
            )
            found.append(Finding("deletions", State.LOOK, sentence))
        else:
            when = "not yet" if state.ended is None else f"{state.ended:%Y-%m-%d %H:%M} UTC"
            found.append(Finding("deletions", State.WELL, f"{said}; all looked at: {when}."))
    return found
