"""From what Mastodon calls a status to a post, or to the reason why it is none."""

import html
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from bot.networks.network import SeenPost, Skip
from bot.platform import Reading, ScoreRead
from storage.files.post_values import storable
from storage.types import SPOILER

#: Characters of a status that are its title.
TITLE = 300
_MAX_URL = 2000
_SOURCE_ID = re.compile(r"([A-Za-z0-9]{1,40})@([a-z0-9.:-]{1,80})")
_BREAKS = re.compile(r"<br\s*/?>|</p>", re.IGNORECASE)
_TAGS = re.compile(r"<[^<>]*>")
#: What of a status or a profile is read, characters of HTML: other servers may send a megabyte.
_LONGEST = 20_000
#: Words in a profile that ask bots to keep away.
_NO_BOTS = re.compile(r"#\s*no[\s_-]?(?:bots?|automation)\b", re.IGNORECASE)
#: Who may see what we take; what only followers see is not for others.
_PUBLIC = frozenset({"public", "unlisted"})


def source_id_of(status_id: str, instance: str) -> str:
    """A status's id, which means something on our server alone."""
    return f"{status_id}@{urlsplit(instance).netloc.lower()}"


def local_id(source_id: str, instance: str) -> str | None:
    """The id on our server; None: it is one of a server that we had before."""
    match = _SOURCE_ID.fullmatch(source_id)
    if match is None or match[2] != urlsplit(instance).netloc.lower():
        return None
    return match[1]


def read_status(
    status: Mapping[str, Any], at: datetime, instance: str, *, nsfw: bool
) -> SeenPost | None:
    """A status as a post; None where it makes no sense.

    Args:
        status: what Mastodon says of it, each field possibly missing or of another type.
        at: when it said so, aware.
        instance: address of the server that we are on.
        nsfw: whether posts marked as sensitive are taken.
    """
    status_id, posted_at = status.get("id"), moment(status.get("created_at"))
    if not isinstance(status_id, str) or posted_at is None:
        return None
    source_id = source_id_of(status_id, instance)
    if _SOURCE_ID.fullmatch(source_id) is None:
        return None
    images, link = image_addresses(status), status.get("url")
    skip = _barred(status, nsfw=nsfw)
    warning = plain(status.get("spoiler_text"))
    words = " ".join(each for each in (warning, plain(status.get("content"))) if each)
    is_sensitive = bool(status.get("sensitive") or warning)
    return SeenPost(
        source_id=source_id,
        author=author_of(status),
        title=storable(words[:TITLE]),
        posted_at=posted_at,
        images=images,
        link=link if _is_address(link) else None,
        skip=Skip.NO_IMAGE if skip is None and not images else skip,
        reading=read_score(status, at),
        options={SPOILER: True} if is_sensitive else {},
    )


def read_score(status: Mapping[str, Any], at: datetime) -> Reading | None:
    """Favourites and boosts of a status, as far as our server knows; None where that is odd."""
    counts = [status.get("favourites_count"), status.get("reblogs_count")]
    numbers = [each for each in counts if _is_count(each)]
    if len(numbers) < len(counts):
        return None
    replies = status.get("replies_count")
    return ScoreRead(
        score=sum(numbers),
        at=at,
        comments=replies if _is_count(replies) else None,
    )


def author_of(status: Mapping[str, Any]) -> str | None:
    """The address of who wrote it, which is the same on all servers."""
    url = account_of(status).get("url")
    return storable(url) if _is_address(url) else None


def account_of(status: Mapping[str, Any]) -> Mapping[str, Any]:
    """Who wrote it; empty where that is not told."""
    found = status.get("account")
    return found if isinstance(found, dict) else {}


def mentioned_in(status: Mapping[str, Any]) -> Sequence[str]:
    """Ids of the accounts that a status names."""
    found = status.get("mentions")
    named = (
        [each.get("id") for each in found if isinstance(each, dict)]
        if isinstance(found, list)
        else []
    )
    return [each for each in named if isinstance(each, str)]


def image_addresses(status: Mapping[str, Any]) -> Sequence[str]:
    """Addresses of the images in a status."""
    media = status.get("media_attachments")
    found = []
    for each in media if isinstance(media, list) else []:
        if isinstance(each, dict) and each.get("type") == "image":
            # Not the original on somebody else's server, if ours has a copy.
            address = each.get("url") or each.get("preview_url")
            if _is_address(address):
                found.append(str(address))
    return tuple(found)


def plain(content: object) -> str:
    """What a status says, without markup, on one line."""
    if not isinstance(content, str):
        return ""
    return " ".join(plain_lines(content).split())


def plain_lines(content: object) -> str:
    """What a status says, without markup."""
    if not isinstance(content, str):
        return ""
    return html.unescape(_TAGS.sub("", _BREAKS.sub("\n", content[:_LONGEST])))


def moment(value: object) -> datetime | None:
    """A moment as Mastodon tells it; None where it makes no sense."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _barred(status: Mapping[str, Any], *, nsfw: bool) -> Skip | None:
    account = account_of(status)
    if status.get("reblog") is not None:
        return Skip.PASSED_ON
    if status.get("in_reply_to_id") is not None:
        return Skip.ANSWER
    if status.get("visibility") not in _PUBLIC or account.get("suspended") is True:
        return Skip.REMOVED
    if account.get("bot") is True:
        return Skip.BOT
    if wants_no_bots(account):
        return Skip.LEFT_ALONE
    is_sensitive = status.get("sensitive") is True or bool(plain(status.get("spoiler_text")))
    return Skip.NSFW if is_sensitive and not nsfw else None


def wants_no_bots(account: Mapping[str, Any]) -> bool:
    """Whether a profile asks bots, or search engines, to keep away (``#nobot``)."""
    if account.get("noindex") is True:
        return True
    fields = account.get("fields")
    words = [account.get("note")]
    for each in fields if isinstance(fields, list) else []:
        if isinstance(each, dict):
            words += [each.get("name"), each.get("value")]
    return any(_NO_BOTS.search(plain(each)) for each in words)


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9


def _is_address(url: object) -> TypeGuard[str]:
    return (
        isinstance(url, str)
        and url.startswith(("https://", "http://"))
        and len(url) <= _MAX_URL
        and storable(url) == url
    )
