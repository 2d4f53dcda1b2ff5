"""Who is not answered: once for each person and matter, and bots once only."""

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import InboxItem
from storage.types import InboxKind, PlatformName, ReplyState

#: Who writes so soon after our answer is a bot: no person has read it by then.
AT_ONCE = timedelta(seconds=10)

#: Most answers to one person within a day.
ANSWERS_A_DAY = 10
DAY = timedelta(days=1)

NOTHING_NEW = "It changed nothing: they had asked for the same before."
SAME_MATTER = "They were answered under this post before."
IS_BOT = "It was written within seconds of our answer, so a bot wrote it."
OFTEN = "They were answered often enough today."


async def reason_to_be_silent(
    session: AsyncSession,
    platform: PlatformName,
    *,
    person: str,
    kind: InboxKind,
    changed: bool,
    post_source_id: str | None,
    parent_id: object,
    sent_at: datetime,
    now: datetime,
) -> str | None:
    """Why a message is not answered, a sentence; None where it is.

    Args:
        session: the session in which the message is recorded.
        platform: where it was written.
        person: the keyed hash of who wrote it.
        kind: what it asks for.
        changed: whether what they wished is different from before.
        post_source_id: the post that it was written under.
        parent_id: what it answers, by the platform's id.
        sent_at, now: aware.
    """
    theirs = (InboxItem.platform == platform, InboxItem.person == person)
    answers = (
        await session.execute(
            select(InboxItem.answer_id, InboxItem.answered_at)
            .where(*theirs, InboxItem.answered_at > now - DAY)
            .order_by(InboxItem.answered_at.desc())
        )
    ).all()
    for answer_id, answered_at in answers:
        assert answered_at is not None  # noqa: S101 - the query asks for it
        # Clocks may differ; but who answers an answer wrote after it.
        after = timedelta() if answer_id == parent_id else sent_at - answered_at
        if timedelta() <= after < AT_ONCE and sent_at - answered_at < AT_ONCE:
            return IS_BOT
    caught = select(func.count()).where(
        *theirs, InboxItem.reason == IS_BOT, InboxItem.recorded_at > now - DAY
    )
    if (await session.scalars(caught)).one():
        return IS_BOT
    if kind is not InboxKind.PREDICT and not changed:
        return NOTHING_NEW
    if kind is InboxKind.PREDICT:
        same = select(InboxItem.id).where(
            *theirs,
            InboxItem.kind == kind,
            InboxItem.post_source_id == post_source_id,
            or_(InboxItem.state != ReplyState.SKIPPED, InboxItem.answered_at.is_not(None)),
        )
        if await session.scalar(same.limit(1)) is not None:
            return SAME_MATTER
    return OFTEN if len(answers) >= ANSWERS_A_DAY else None
