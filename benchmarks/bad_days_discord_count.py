"""What came of the bad days on Discord, held against what should be."""

import json
import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.bad_days_discord_world import HIDDEN, Posted, World
from benchmarks.bad_days_tally import Tally
from storage.tables import Label, Post, Reply
from storage.types import PostState, ReplyState
from tests.fakes.discord import Message


def count(session: Session, world: World, tally: Tally) -> None:
    """Hold what is stored and shown against what should be."""
    stored = {each.source_id: each for each in session.scalars(select(Post))}
    labels = {each.post_id: each for each in session.scalars(select(Label))}
    for message in world.unheard:
        if world.fake.replies_to(message):
            tally.faults.append("the bot spoke where nobody had said /watch")
    replies = {each.post_id: each for each in session.scalars(select(Reply))}
    for posted in world.posts:
        name = f"message {posted.message.id} of {posted.at:%d %H:%M}"
        post = stored.get(str(posted.message.id))
        shown = len(world.fake.replies_to(posted.message))
        if shown > 1:
            tally.fault(tally.replies, "doubled", f"{name} has {shown} replies")
        if posted.deleted:
            if shown:
                tally.fault(tally.deletions, "missed", f"the reply to the deleted {name} stands")
        elif post is None:
            tally.fault(tally.posts, "missed", f"{name} is not stored")
        else:
            reply = replies.get(post.id)
            count_reply(tally, name, post, reply, shown)
            count_label(tally, name, post, labels.get(post.id), posted)
            if posted.spoiler and any(
                HIDDEN in bare(each) for each in world.fake.replies_to(posted.message)
            ):
                tally.faults.append(f"the spoiler of {name} is told")
            tally.outcomes.wanted += 1
            if shown and (reply is None or reply.state is not ReplyState.SETTLED):
                tally.fault(tally.outcomes, "missed", f"the outcome of {name} is not shown")


def count_reply(tally: Tally, name: str, post: Post, reply: Reply | None, shown: int) -> None:
    """A post that nobody deleted has a reply, and was not withdrawn."""
    tally.replies.wanted += 1
    if post.state is PostState.WITHDRAWN:
        tally.withdrawn_without_proof += 1
        tally.faults.append(f"{name} was withdrawn, and nobody deleted it")
    if not shown:
        why = reply.reason if reply is not None else post.state.value
        tally.fault(tally.replies, "missed", f"{name} has no reply ({why})")


def bare(reply: Message) -> str:
    """What stands in a reply outside of spoilers."""
    return re.sub(r"\|\|.*?\|\|", "", json.dumps([reply.content, reply.embeds]))


def count_label(tally: Tally, name: str, post: Post, label: Label | None, posted: Posted) -> None:
    """A post that nobody deleted has a label, which is what people voted."""
    votes = posted.votes
    if posted.custom and label is None:
        # The emoji may have been deleted before the end: labels stop rather than lie.
        tally.happened["labels stopped"] += 1
        return
    tally.labels.wanted += 1
    if label is None:
        why = post.refusal_code or post.state.value
        tally.fault(tally.labels, "missed", f"{name} has no label ({why})")
    elif label.score != votes:
        tally.wrong_labels += 1
        tally.faults.append(f"{name} has {label.score:g} for {votes} votes")
