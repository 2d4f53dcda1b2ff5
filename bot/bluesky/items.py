"""From what Bluesky calls a post view to a post, or to the reason why it is none."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeGuard

from bot.networks.network import SeenPost, Skip
from bot.platform import Reading, ScoreRead
from storage.files.post_values import storable
from storage.types import SPOILER

#: Characters of a post that are its title.
TITLE = 300
_MAX_URL = 2000
_URI = re.compile(
    r"at://(did:[a-z]{1,9}:[A-Za-z0-9._:%-]{1,60})/app\.bsky\.feed\.post/([\w.~:-]{1,20})"
)
#: Labels of what is not for everybody's eyes.
_ADULT = frozenset({"porn", "sexual", "nudity", "graphic-media", "gore"})
#: Words in a profile that ask bots to keep away.
NO_BOTS = re.compile(r"#\s*no[\s_-]?(?:bots?|automation)\b", re.IGNORECASE)


def parts_of(uri: object) -> tuple[str, str] | None:
    """Whose a post is, and its key; None: it is no address of a post."""
    match = _URI.fullmatch(uri) if isinstance(uri, str) else None
    return None if match is None else (match[1], match[2])


def read_view(
    view: Mapping[str, Any], at: datetime, *, adult: bool, left_alone: bool
) -> SeenPost | None:
    """A post view as a post; None where it makes no sense.

    Args:
        view: what Bluesky says of it, each field possibly missing or of another type.
        at: when it said so, aware.
        adult: whether posts that are marked so are taken.
        left_alone: whether its author wants no bots.
    """
    whose, record = parts_of(view.get("uri")), part(view, "record")
    posted_at = moment_of(view)
    if whose is None or posted_at is None:
        return None
    text = record.get("text")
    images = image_addresses(view)
    skip = _barred(view, adult=adult)
    if skip is None and left_alone:
        skip = Skip.LEFT_ALONE
    return SeenPost(
        source_id=str(view["uri"]),
        author=whose[0],
        title=storable(" ".join(text.split())[:TITLE]) if isinstance(text, str) else "",
        posted_at=posted_at,
        images=images,
        link=f"https://bsky.app/profile/{whose[0]}/post/{whose[1]}",
        skip=Skip.NO_IMAGE if skip is None and not images else skip,
        reading=read_score(view, at),
        may_answer=part(view, "viewer").get("replyDisabled") is not True,
        options={SPOILER: True} if _is_adult(view) else {},
    )


def read_passed_on(entry: Mapping[str, Any]) -> SeenPost | None:
    """What somebody passed on, as an entry of a feed tells it; None: it is something else."""
    at = moment(part(entry, "reason").get("indexedAt"))
    whose = parts_of(part(entry, "post").get("uri"))
    if at is None or whose is None:
        return None
    uri = str(part(entry, "post")["uri"])
    return SeenPost(uri, whose[0], "", at, skip=Skip.PASSED_ON)


def read_score(view: Mapping[str, Any], at: datetime) -> Reading | None:
    """Likes and reposts; None where that is odd."""
    counts = [view.get("likeCount", 0), view.get("repostCount", 0)]
    numbers = [each for each in counts if _is_count(each)]
    if len(numbers) < len(counts):
        return None
    replies = view.get("replyCount")
    return ScoreRead(sum(numbers), at, comments=replies if _is_count(replies) else None)


def image_addresses(view: Mapping[str, Any]) -> Sequence[str]:
    """Addresses of the images in a post, also where it quotes another one."""
    embed = part(view, "embed")
    if str(embed.get("$type", "")).startswith("app.bsky.embed.recordWithMedia"):
        embed = part(embed, "media")
    images = embed.get("images")
    found = []
    for each in images if isinstance(images, list) else []:
        address = each.get("fullsize") if isinstance(each, dict) else None
        if (
            isinstance(address, str)
            and address.startswith(("https://", "http://"))
            and len(address) <= _MAX_URL
        ):
            found.append(storable(address))
    return tuple(found)


def moment_of(view: Mapping[str, Any]) -> datetime | None:
    """When a post was made: who writes it says so, and Bluesky when it came in."""
    said = (moment(part(view, "record").get("createdAt")), moment(view.get("indexedAt")))
    return min((each for each in said if each is not None), default=None)


def moment(value: object) -> datetime | None:
    """A moment as Bluesky tells it; None where it makes no sense."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def labels_of(thing: Mapping[str, Any]) -> frozenset[str]:
    """What a post or an account is labelled as, by whomever."""
    labels = thing.get("labels")
    return frozenset(
        str(each.get("val"))
        for each in (labels if isinstance(labels, list) else [])
        if isinstance(each, dict) and each.get("neg") is not True
    )


def part(view: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A part of a view; empty where there is none."""
    found = view.get(key)
    return found if isinstance(found, Mapping) else {}


def _barred(view: Mapping[str, Any], *, adult: bool) -> Skip | None:
    author = labels_of(part(view, "author"))
    if part(view, "record").get("reply") is not None:
        return Skip.ANSWER
    if "!hide" in labels_of(view) | author or "!takedown" in labels_of(view) | author:
        return Skip.REMOVED
    if "bot" in author:
        return Skip.BOT
    if "!no-unauthenticated" in author:
        # They want to be seen by who is signed in to Bluesky alone.
        return Skip.LEFT_ALONE
    return Skip.NSFW if _is_adult(view) and not adult else None


def _is_adult(view: Mapping[str, Any]) -> bool:
    return bool(_ADULT & (labels_of(view) | labels_of(part(view, "author"))))


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9
