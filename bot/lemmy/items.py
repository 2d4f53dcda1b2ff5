"""From what Lemmy calls a post view to a post, or to the reason why it is none."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from bot.networks.network import SeenPost, Skip
from bot.platform import PostHidden, PostRemoved, Reading, ScoreRead
from storage.files.post_values import IMAGE_ENDINGS, storable

_MAX_URL = 2000
_SOURCE_ID = re.compile(r"(\d{1,18})@([a-z0-9.:-]{1,100})")


def source_id_of(post_id: int, instance: str) -> str:
    """A post's id, which means something on our instance alone."""
    return f"{post_id}@{urlsplit(instance).netloc.lower()}"


def local_id(source_id: str, instance: str) -> int | None:
    """The id on our instance; None: it is one of an instance that we had before."""
    match = _SOURCE_ID.fullmatch(source_id)
    if match is None or match[2] != urlsplit(instance).netloc.lower():
        return None
    return int(match[1])


def read_view(
    view: Mapping[str, Any], at: datetime, instance: str, *, nsfw: bool
) -> SeenPost | None:
    """A post view as a post; None where it makes no sense.

    Args:
        view: what Lemmy says of it, each field possibly missing or of another type.
        at: when it said so, aware.
        instance: address of the one that we are on.
        nsfw: whether posts marked so are taken.
    """
    post, posted_at = part(view, "post"), published(view)
    post_id, title = post.get("id"), post.get("name")
    if not isinstance(post_id, int) or posted_at is None or not isinstance(title, str):
        return None
    source_id = source_id_of(post_id, instance)
    if _SOURCE_ID.fullmatch(source_id) is None:
        return None
    image, link = _image(post), post.get("ap_id")
    skip = _barred(view, nsfw=nsfw)
    return SeenPost(
        source_id=source_id,
        author=author_of(view),
        title=storable(title),
        posted_at=posted_at,
        images=() if image is None else (image,),
        link=link if _is_address(link) else None,
        skip=Skip.NO_IMAGE if skip is None and image is None else skip,
        reading=read_score(view, at),
        is_deleted=is_deleted(view),
        is_pinned=is_pinned(view),
    )


def read_score(view: Mapping[str, Any], at: datetime) -> Reading | None:
    """What Lemmy says of a post at a moment; None where that makes no sense."""
    post, counts = part(view, "post"), part(view, "counts")
    if is_deleted(view):
        return PostRemoved()
    if post.get("removed") is True:
        return PostHidden()
    score, comments = counts.get("score"), counts.get("comments")
    if isinstance(score, bool) or not isinstance(score, int) or abs(score) > 10**9:
        return None
    up, down = counts.get("upvotes"), counts.get("downvotes")
    ratio = None
    if isinstance(up, int) and isinstance(down, int) and up >= 0 and down >= 0 and up + down > 0:
        ratio = up / (up + down)
    return ScoreRead(
        score=score,
        at=at,
        comments=comments if isinstance(comments, int) and 0 <= comments < 10**9 else None,
        upvote_ratio=ratio,
    )


def is_deleted(view: Mapping[str, Any]) -> bool:
    """Whether its author deleted it, or their account."""
    return part(view, "post").get("deleted") is True or part(view, "creator").get("deleted") is True


def author_of(view: Mapping[str, Any]) -> str | None:
    """The address of who made something, which is the same on all instances."""
    actor = part(view, "creator").get("actor_id")
    return storable(actor) if _is_address(actor) else None


def published(view: Mapping[str, Any], key: str = "post") -> datetime | None:
    """When it was made; Lemmy leaves the time zone out in some versions: it is UTC."""
    value = part(view, key).get("published")
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        # No moment at all, or one before the year 1 in UTC.
        return None


def part(view: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A part of a view; empty where there is none."""
    found = view.get(key)
    return found if isinstance(found, Mapping) else {}


def is_pinned(view: Mapping[str, Any]) -> bool:
    """Whether it stands above the others, whatever its age."""
    post = part(view, "post")
    return bool(post.get("featured_community") or post.get("featured_local"))


def _barred(view: Mapping[str, Any], *, nsfw: bool) -> Skip | None:
    post = part(view, "post")
    if is_deleted(view):
        return Skip.DELETED
    if post.get("removed"):
        return Skip.REMOVED
    if is_pinned(view):
        return Skip.PINNED
    if post.get("locked"):
        return Skip.LOCKED
    is_nsfw = post.get("nsfw") or part(view, "community").get("nsfw")
    return Skip.NSFW if is_nsfw and not nsfw else None


def _image(post: Mapping[str, Any]) -> str | None:
    """Address of the image: what the post links to, or the preview of that."""
    url, kind = post.get("url"), post.get("url_content_type")
    if _is_address(url):
        if isinstance(kind, str) and kind.startswith("image/"):
            return url
        if _path(url).endswith(IMAGE_ENDINGS):
            return url
    preview = post.get("thumbnail_url")
    return preview if _is_address(preview) else None


def _path(url: str) -> str:
    try:
        return urlsplit(url).path.lower()
    except ValueError:
        return ""


def _is_address(url: Any) -> TypeGuard[str]:
    return (
        isinstance(url, str)
        and url.startswith(("https://", "http://"))
        and len(url) <= _MAX_URL
        and storable(url) == url
    )
