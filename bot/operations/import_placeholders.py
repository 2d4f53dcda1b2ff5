"""Pictures that hosts give out in place of one that was removed: they say nothing of a post."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from yarl import URL

from bot.runtime.download import Downloaded
from models.decoding import ImageFile
from storage.files.post_values import is_image_name
from storage.files.posts_export import FilePost

#: SHA-256 of files that downloaders of imgur and of Reddit pass over, by what is said of them.
_KNOWN_FILES: Final[Mapping[str, str]] = {
    "9b5936f4006146e4e1e9025b474c02863c0b5614132ad40db4b925a10e8bfbb9": "imgur",
    "350c25fc445411a27092e1dbc2ec2e53f9895f109b52b8bc5aa466f1775bbe7d": "imgur",
    "35a0932c61e09a8c1cad9eec75b67a03602056463ed210310d2a09cf0b002ed5": "Reddit",
}
#: The same by MD5, as imgur's own ETag gives it.
_KNOWN_MD5: Final = frozenset({"d835884373f4d6c8f24742ceabe74946"})

#: Width, height and most bytes: imgur's "removed" and Reddit's "probably deleted", re-encoded, too.
_KNOWN_SIZES: Final = ((161, 81, 4096), (130, 60, 4096))

#: Names of pictures that stand in for others, where an address leads to one of them.
_STAND_IN: Final = re.compile(
    r"(?:image|img|photo|picture|file|hotlink(?:ing)?|no|not|page)?[-_. ]*"
    r"(?:removed|deleted|not[-_. ]?found|notfound|missing|unavailable|not[-_. ]?available"
    r"|placeholder|hotlink(?:ing)?|no[-_. ]?hotlink(?:ing)?|blocked|forbidden|expired"
    r"|no[-_. ]?image|404|403|410|error|dead|gone|default|blank|spacer)"
    r"[-_. ]*(?:image|img|photo|picture|file|error|by[-_. ]?user|\d{0,4})?",
    re.IGNORECASE,
)

#: Posts with different addresses under which the same file is no repost any more.
REPEATED = 5

_REMOVED = "The image was removed: its host shows a picture that says so in its place."


def stands_in(asked: str, found: Downloaded) -> str | None:
    """Why a download is not the image that was asked for, in a sentence; None: it may be.

    Told by the address that it was led to, and by files that are known.
    """
    data = found.data
    if hashlib.sha256(data).hexdigest() in _KNOWN_FILES:
        return _REMOVED
    if hashlib.md5(data, usedforsecurity=False).hexdigest() in _KNOWN_MD5:
        return _REMOVED
    path = URL(found.url).path
    if path != _path(asked) and _STAND_IN.fullmatch(_stem(path)):
        return _REMOVED
    return None


def is_known_size(image: ImageFile) -> bool:
    """Whether a picture has the size of one that is known to stand in for others."""
    return any(
        (image.width, image.height) == (width, height) and image.bytes <= most
        for width, height, most in _KNOWN_SIZES
    )


@dataclass(frozen=True, slots=True)
class RepeatedImage:
    """One file under several posts of an import, from different addresses.

    Attributes:
        ids: of the posts, in order.
        stands_in: whether they are so many that it is no repost.
    """

    ids: list[str]
    stands_in: bool

    @property
    def reason(self) -> str:
        """Why the posts are left out, a sentence."""
        return (
            f"The same file is under {len(self.ids)} posts with different links, as where a host"
            " shows one picture in place of many that were removed."
        )


def repeated_images(posts: Iterable[FilePost], sha256: Mapping[str, str]) -> list[RepeatedImage]:
    """Files that are under several posts, each from an address of its own.

    Many posts that link to one address are reposts; many addresses with one file are not.

    Args:
        posts: of the file.
        sha256: of the images that were stored, by the posts' ids.
    """
    under: defaultdict[str, dict[str, list[str]]] = defaultdict(dict)
    for post in posts:
        if (file := sha256.get(post.source_id)) is not None:
            under[file].setdefault(_place(post), []).append(post.source_id)
    found = []
    for places in under.values():
        ids = sorted(each for posts_there in places.values() for each in posts_there)
        if len(places) > 1:
            found.append(RepeatedImage(ids, stands_in=len(places) >= REPEATED))
    return sorted(found, key=lambda each: each.ids)


def _place(post: FilePost) -> str:
    """Where a post's image is from: an address, or its own file.

    What follows the name of an image file only says how it is wanted, for example how wide.
    """
    if post.media is None:
        return f"file of {post.source_id}"
    address = post.media.partition("#")[0]
    return address.partition("?")[0] if is_image_name(address) else address


def _path(url: str) -> str:
    try:
        return URL(url).path
    except ValueError:
        return ""


def _stem(path: str) -> str:
    name = path.rstrip("/").rsplit("/", 1)[-1]
    return name.rpartition(".")[0] or name
