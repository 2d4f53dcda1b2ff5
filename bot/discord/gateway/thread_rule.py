"""Whether a thread is watched with the channel or forum that it belongs to."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from bot.discord.gateway.channels import parent_id
from bot.discord.gateway.guild_options import THREADS
from storage.queries.communities import find_community
from storage.tables import Community
from storage.types import PlatformName


class ThreadRule(StrEnum):
    """What is watched of the threads of a watched channel."""

    INHERIT = "inherit"
    #: The message that began it: in a forum that is the post, elsewhere it lies in the channel.
    STARTERS = "starters"
    NONE = "none"


def thread_rule(options: Mapping[str, Any]) -> ThreadRule:
    """What a community's options say."""
    return ThreadRule(options.get(THREADS, ThreadRule.INHERIT))


def takes(community: Community, channel: object, message_id: int) -> bool:
    """Whether a message of a channel, or of one of its threads, is one for a community."""
    here = getattr(channel, "id", None)
    if str(here) == community.source_id:
        return True
    match thread_rule(community.options):
        case ThreadRule.INHERIT:
            return True
        case ThreadRule.STARTERS:
            return message_id == here
        case ThreadRule.NONE:
            return False


def community_of_channel(session: Session, channel: object) -> Community | None:
    """The community of what is posted in a channel; None: there is none.

    A thread that is watched by itself is one of its own; others belong to their channel's.
    """
    own = _find(session, getattr(channel, "id", None))
    above = parent_id(channel)
    if above is None or (own is not None and own.watched):
        return own
    return _find(session, above) or own


def _find(session: Session, channel_id: int | None) -> Community | None:
    if channel_id is None:
        return None
    return find_community(session, PlatformName.DISCORD, str(channel_id))
