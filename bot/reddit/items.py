"""From what Reddit calls a submission to a post, or to the reason why it is none."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from bot.platform import CommunityRef, IncomingPost
from storage.files.post_values import IMAGE_ENDINGS, storable

#: Galleries hold at most 20 images.
MAX_IMAGES = 20

#: Longer addresses are no addresses.
MAX_URL = 2000

#: The longest flair on Reddit, characters.
MAX_FLAIR = 64

#: Key of `Post.options`: the post was in contest mode, in which nobody sees how others vote.
CONTEST = "contest"

_ID = re.compile(r"[0-9a-z]{1,13}")
_NOBODY = (None, "", "[deleted]", "[removed]")


class Skip(StrEnum):
    """Why a submission is no post for us."""

    UNREADABLE = "unreadable"
    #: It is listed here, and belongs to another subreddit.
    ELSEWHERE = "of another subreddit"
    TOO_OLD = "too old"
    REMOVED = "removed"
    DELETED = "deleted"
    STICKIED = "stickied"
    LOCKED = "locked"
    NSFW = "NSFW"
    CROSSPOST = "cross-post"
    VIDEO = "video"
    TEXT = "text"
    #: It may get one: Reddit makes previews and galleries ready within minutes.
    NO_IMAGE = "no image"


#: What is published all the same, and counts in the records of posts.
IMAGELESS = frozenset({Skip.NSFW, Skip.CROSSPOST, Skip.VIDEO, Skip.TEXT, Skip.NO_IMAGE})


@dataclass(frozen=True, slots=True)
class Rules:
    """Which submissions are taken."""

    max_age: timedelta
    nsfw: bool = False
    crossposts: bool = False
    #: Whether the flair that a post has when it appears is read as words of its title.
    flair: bool = False


def read_item(
    item: Mapping[str, Any], community: CommunityRef, rules: Rules, now: datetime
) -> IncomingPost | Skip:
    """A submission as a post, or why it is skipped. Never asks Reddit for more.

    Args:
        item: what Reddit says of it, each field possibly missing or of another type.
        now: aware.
    """
    source_id, posted_at = name_of(item), time_of(item)
    title = item.get("title")
    if source_id is None or posted_at is None or not isinstance(title, str):
        return Skip.UNREADABLE
    subreddit = item.get("subreddit")
    if isinstance(subreddit, str) and subreddit.lower() != community.source_id.lower():
        return Skip.ELSEWHERE
    if now - posted_at > rules.max_age:
        return Skip.TOO_OLD
    reason = _barred(item, rules)
    if reason is not None:
        return reason
    images = tuple(images_of(item))
    if not images:
        return Skip.NO_IMAGE
    return IncomingPost(
        community=community,
        source_id=source_id,
        author=author_of(item),
        title=_title(item, title, rules),
        # Their clock may be ahead of ours.
        posted_at=min(posted_at, now),
        images=images,
        link=f"https://www.reddit.com/comments/{source_id.removeprefix('t3_')}/",
        options={CONTEST: True} if item.get("contest_mode") is True else {},
    )


def _title(item: Mapping[str, Any], title: str, rules: Rules) -> str:
    flair = item.get("link_flair_text")
    if not rules.flair or not isinstance(flair, str) or not flair.strip():
        return storable(title)
    return storable(f"{title} [{' '.join(flair.split())[:MAX_FLAIR]}]")


def read_imageless(
    item: Mapping[str, Any], community: CommunityRef, now: datetime
) -> IncomingPost | None:
    """A submission that `read_item` skipped for one of `IMAGELESS`: its time and its author alone.

    None where not even these can be read.
    """
    source_id, posted_at = name_of(item), time_of(item)
    if source_id is None or posted_at is None:
        return None
    return IncomingPost(
        community=community,
        source_id=source_id,
        author=author_of(item),
        title="",
        posted_at=min(posted_at, now),
        images=(),
    )


def name_of(item: Mapping[str, Any]) -> str | None:
    """The full name of a submission, ``t3_…``; None where it is none."""
    name = item.get("name")
    if not isinstance(name, str) or not name.startswith("t3_"):
        return None
    return name if _ID.fullmatch(name.removeprefix("t3_")) else None


def time_of(item: Mapping[str, Any]) -> datetime | None:
    """When it was made; None where that makes no sense."""
    value = item.get("created_utc")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Up to the year 2286; beyond it are milliseconds, and what no date can hold.
    if not math.isfinite(value) or not 0 < value < 1e10:
        return None
    return datetime.fromtimestamp(value, UTC)


def author_of(item: Mapping[str, Any]) -> str | None:
    """The author's name; None where there is none to know."""
    author = item.get("author")
    return storable(author) if isinstance(author, str) and author not in _NOBODY else None


def is_deleted(item: Mapping[str, Any]) -> bool:
    """Whether a submission was deleted by its author, which is for ever."""
    category = item.get("removed_by_category")
    return category in ("deleted", "author") or (
        not category and item.get("selftext") == "[deleted]"
    )


def is_gone(item: Mapping[str, Any]) -> bool:
    """Whether a submission was deleted by its author or removed by somebody else.

    What was removed may be approved later: a filter holds it, or moderators think again.
    """
    return (
        bool(item.get("removed_by_category"))
        or item.get("removed") is True
        or item.get("spam") is True
        or item.get("selftext") in ("[removed]", "[deleted]")
    )


def is_closed(item: Mapping[str, Any]) -> bool:
    """Whether nobody may comment on it any more."""
    return bool(item.get("locked")) or bool(item.get("archived"))


def _barred(item: Mapping[str, Any], rules: Rules) -> Skip | None:
    if item.get("removed_by_category") in ("deleted", "author"):
        return Skip.DELETED
    if is_gone(item):
        return Skip.REMOVED
    if item.get("author") in _NOBODY:
        return Skip.DELETED
    if item.get("stickied") or item.get("pinned"):
        return Skip.STICKIED
    if is_closed(item):
        return Skip.LOCKED
    if item.get("over_18") and not rules.nsfw:
        return Skip.NSFW
    if item.get("crosspost_parent") and not rules.crossposts:
        return Skip.CROSSPOST
    original = _original(item)
    if _is_video(original):
        return Skip.VIDEO
    return Skip.TEXT if original.get("is_self") is True else None


def _original(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a cross-post shows is what its parent shows."""
    parents = item.get("crosspost_parent_list")
    if item.get("crosspost_parent") and isinstance(parents, list) and parents:
        return parents[0] if isinstance(parents[0], Mapping) else item
    return item


def _is_video(item: Mapping[str, Any]) -> bool:
    hint = item.get("post_hint")
    return (
        item.get("is_video") is True
        or (isinstance(hint, str) and hint.endswith(":video"))
        or item.get("domain") == "v.redd.it"
    )


def images_of(item: Mapping[str, Any]) -> Iterator[str]:
    """Addresses of the images of a submission: the image itself, those of a gallery, a preview."""
    item = _original(item)
    if item.get("is_gallery") or item.get("gallery_data"):
        yield from _gallery(item)
        return
    url = item.get("url_overridden_by_dest") or item.get("url")
    if _is_address(url) and (item.get("post_hint") == "image" or _ends_like_an_image(url)):
        yield url
        return
    source = _at(item, "preview", "images", 0, "source", "url")
    if _is_address(source):
        yield source


def _gallery(item: Mapping[str, Any]) -> Iterator[str]:
    places = _at(item, "gallery_data", "items")
    for place in places[:MAX_IMAGES] if isinstance(places, list) else ():
        media_id = _at(place, "media_id")
        media = _at(item, "media_metadata", media_id) if isinstance(media_id, str) else None
        if _at(media, "status") != "valid":
            continue
        # Animations have a picture as well: their first frame is looked at.
        url = _at(media, "s", "u") or _at(media, "s", "gif")
        if _is_address(url):
            yield url


def _at(value: Any, *path: str | int) -> Any:
    """What lies at the end of ``path``; None where the path breaks off."""
    for key in path:
        if isinstance(key, int):
            value = value[key] if isinstance(value, list) and len(value) > key else None
        else:
            value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _is_address(url: Any) -> TypeGuard[str]:
    return (
        isinstance(url, str)
        and url.startswith(("https://", "http://"))
        and len(url) <= MAX_URL
        and storable(url) == url
    )


def _ends_like_an_image(url: str) -> bool:
    try:
        path = urlsplit(url).path
    except ValueError:
        return False
    return path.lower().endswith(IMAGE_ENDINGS)
