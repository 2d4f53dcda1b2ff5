"""Notes which caption somebody posted, and what they were offered beside it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.memes.suggest import Suggestion
from storage.queries.communities import find_or_add_author
from storage.tables import CaptionChoice
from storage.types import PlatformName


def note_choice(
    session: Session,
    *,
    community_id: int,
    platform: PlatformName,
    person: str,
    offered: Sequence[Suggestion],
    chosen: int,
    post_id: int | None,
    now: datetime,
) -> None:
    """Note a choice, unless the person opted out.

    Args:
        session: a write session.
        community_id: where it was posted.
        platform: where the person is.
        person: the keyed hash of their id there.
        offered: in the order in which they were shown.
        chosen: place of the posted one among them.
        post_id: what it became; None: no post of ours.
        now: aware.
    """
    author = find_or_add_author(session, platform, person)
    if author.opted_out_at is not None:
        return
    # Somebody who posts a meme twice has made one post of it.
    known = select(CaptionChoice.id).where(CaptionChoice.post_id == post_id)
    if post_id is not None and session.scalar(known) is not None:
        return
    session.add(
        CaptionChoice(
            community_id=community_id,
            post_id=post_id,
            author_id=author.id,
            chosen_at=now,
            offered=[each.offered.as_json() for each in offered],
            chosen=chosen,
        )
    )
