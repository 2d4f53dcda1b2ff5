"""Votes on the board that were held back lately, as a line of doctor's page."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.operations.findings import Finding, State
from bot.settings import Settings
from storage.tables import Vote
from storage.types import VoteHold

_DAYS = 7


def held_votes_finding(session: Session, settings: Settings, now: datetime) -> list[Finding]:
    """A line where votes of the last days were held back; none where no vote was.

    Many from one address are an attack, or visitors who come through a web server that the board
    does not know of.
    """
    rows = session.execute(
        select(Vote.held, func.count())
        .where(Vote.held.is_not(None), Vote.voted_at >= now - timedelta(days=_DAYS))
        .group_by(Vote.held)
    )
    counts = {held: int(votes) for held, votes in rows}
    crowd, newcomers = counts.get(VoteHold.CROWD, 0), counts.get(VoteHold.NEWCOMER, 0)
    if not crowd and not newcomers:
        return []
    sentence = (
        f"{crowd + newcomers:,} of the last {_DAYS} days do not count: {newcomers:,} of people who"
        f" came after the post, {crowd:,} among too many from one address. `main.py suspicions`"
        " shows them."
    )
    if crowd and not settings.web_trusted_proxies:
        sentence += (
            " If all visitors come through a web server, name it in PEORIA_WEB_TRUSTED_PROXIES."
        )
    return [Finding("votes", State.LOOK if crowd else State.WELL, sentence)]
