"""What the head sees of a post besides its embedding: one definition for training and serving.

Everything is computed from `PostFacts`, and `PostFacts` can hold nothing that did not exist when
the post appeared: no score, no votes, no count of the post itself. Adding a field there fails a
test on purpose, so that whoever adds one says since when it is known.
"""

import itertools
import math
import re
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from models.author_record import PRIOR, AuthorRecord, author_columns
from models.pace import Pace, pace_columns

#: Goes up with every change of the numbers below; a head serves only the version it was fitted on.
FEATURES_VERSION = 3

#: Buckets of the hashed words and letter groups, for the title, and as many for text in the image.
TEXT_BUCKETS = 256

#: The column that holds a picture's shape.
ASPECT = "image_aspect"

#: Longer texts are cut before anything is read off them (a 10 kB title costs no more than this).
MAX_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Record:
    """How earlier posts of a community did: labels matured by then, and no others.

    ``n`` is their count, ``mean_percentile`` the mean of their percentiles in 0..1 (anything when
    ``n`` is 0: it then has no weight). ``pace`` is how densely posts came, with a label or without.
    """

    n: int
    mean_percentile: float
    pace: Pace = field(default_factory=Pace)

    @classmethod
    def empty(cls) -> "Record":
        """The record of a community without a post yet."""
        return cls(0, 0.5)

    def shrunk(self, prior: float) -> float:
        """The mean percentile, pulled towards ``prior`` (0..1) while there are few posts."""
        return (self.n * self.mean_percentile + PRIOR * prior) / (self.n + PRIOR)


@dataclass(frozen=True, slots=True)
class PostFacts:
    """Everything known when the post appears, and nothing else.

    How the image was stored is not among it: container, bytes, size in pixels and the link are
    what the poster's software and the platform decide, and the same picture saved in another way
    is the same post. The picture itself reaches the head as its embedding, and by its shape.

    Attributes:
        title: as posted; may be empty.
        posted_at: an aware moment.
        text_in_image: text read from the image; None where it was not looked for.
        author: earlier posts of the same author in the same community; empty of a stranger.
        community: earlier posts of the community.
        aspect: width of the upright picture by its height; None where it is not known.
    """

    title: str
    posted_at: datetime
    text_in_image: str | None
    author: AuthorRecord
    community: Record
    aspect: float | None = None


#: What a head can be asked not to look at.
Hidable = Literal["title", "text", "author"]


def lacks(facts: PostFacts, source: str) -> bool:
    """Whether a post has nothing of a source: no title, no text, nobody known."""
    match source:
        case "title":
            return not facts.title.strip()
        case "text":
            return not (facts.text_in_image or "").strip()
        case "author":
            return facts.author == AuthorRecord.empty()
    return False


def without(facts: PostFacts, sources: Collection[Hidable]) -> PostFacts:
    """The same post as if some sources were missing: no title, no text read, an unknown author."""
    missing: dict[Hidable, dict[str, Any]] = {
        "title": {"title": ""},
        "text": {"text_in_image": None},
        "author": {"author": AuthorRecord.empty()},
    }
    changes = {name: value for source in sources for name, value in missing[source].items()}
    return replace(facts, **changes)


def _log(value: float) -> float:
    return math.log1p(max(value, 0.0))


def _text_facts(text: str) -> dict[str, float]:
    return _count(text) if text else _NO_TEXT


def _count(text: str) -> dict[str, float]:
    length = max(len(text), 1)
    return {
        "length": _log(len(text)),
        "words": _log(len(text.split())),
        "upper": sum(letter.isupper() for letter in text) / length,
        "digits": sum(letter.isdigit() for letter in text) / length,
        "punctuation": sum(not (c.isalnum() or c.isspace()) for c in text) / length,
        "beyond_ascii": sum(ord(letter) > 127 for letter in text) / length,
        "question": float("?" in text),
        "exclamation": float("!" in text),
        "lower_start": float(text[:1].islower()),
        "ends_with_stop": float(text.rstrip().endswith(".")),
    }


_NO_TEXT: Final = _count("")


def _cycle(name: str, value: float, period: float) -> dict[str, float]:
    angle = 2 * math.pi * value / period
    return {f"{name}_sin": math.sin(angle), f"{name}_cos": math.cos(angle)}


def metadata_of(facts: PostFacts) -> dict[str, float]:
    """The metadata group of one post, by name. Every value is finite."""
    moment = facts.posted_at.astimezone(UTC)
    hour = moment.hour + moment.minute / 60
    title = facts.title[:MAX_TEXT]
    text = (facts.text_in_image or "")[:MAX_TEXT]
    # The community's record is what the author's is pulled towards, and no column of its own: its
    # count only ever grows, so that a head reads the date off it and fails on any later one
    # (RPS skill 0.10 with it, 0.20 without, on the newest posts of the subreddit set).
    community = facts.community.shrunk(0.5)
    return {
        **_cycle("hour", hour, 24),
        **_cycle("weekday", moment.weekday() + hour / 24, 7),
        "title_missing": float(not title.strip()),
        **{f"title_{name}": value for name, value in _text_facts(title).items()},
        "text_not_read": float(facts.text_in_image is None),
        **{f"text_{name}": value for name, value in _text_facts(text).items()},
        **author_columns(facts.author, community),
        **pace_columns(facts.community.pace),
        ASPECT: aspect_column(facts.aspect),
    }


def aspect_column(aspect: float | None) -> float:
    """The column `ASPECT`, -4 to 4; of a picture whose shape is not known that of a square."""
    return 0.0 if aspect is None else min(max(math.log(aspect), -4.0), 4.0)


_WORD = re.compile(r"[\w']+|[^\w\s]")


def _pieces(text: str) -> Sequence[bytes]:
    """Words, pairs of words, and groups of three letters of a text in lower case, as UTF-8."""
    words = _WORD.findall(text.lower())
    pairs = [f"{first} {second}" for first, second in itertools.pairwise(words)]
    padded = [f"<{word}>" for word in words]
    if text.isascii():
        # A letter is a byte: most of the time went into making each piece bytes by itself.
        cut = [each.encode() for each in padded]
        threes = [each[i : i + 3] for each in cut for i in range(len(each) - 2)]
        return [each.encode() for each in (*words, *pairs)] + threes
    letters = [each[i : i + 3] for each in padded for i in range(len(each) - 2)]
    return [each.encode("utf-8", "surrogatepass") for each in (*words, *pairs, *letters)]


def _hashed(text: str, out: NDArray[np.float32]) -> None:
    """Add the pieces of a text to ``out``, by hash and sign, then scale it to length one."""
    codes = np.array([zlib.crc32(each) for each in _pieces(text[:MAX_TEXT])], np.uint32)
    if not len(codes):
        return
    signs = np.where(codes & 0x8000_0000, 1.0, -1.0)
    out += np.bincount(codes % len(out), signs, len(out)).astype(np.float32)
    norm = math.sqrt(out @ out)
    if norm > 0:
        out /= norm


#: A post about which nothing is known.
_NOTHING = PostFacts(
    "", datetime(1970, 1, 1, tzinfo=UTC), None, AuthorRecord.empty(), Record.empty()
)


_METADATA_NAMES = tuple(metadata_of(_NOTHING))


class Features:
    """Turns facts into the named groups that the head takes beside the embedding."""

    version = FEATURES_VERSION
    text_dim = TEXT_BUCKETS
    #: The metadata columns, in order.
    metadata_names = _METADATA_NAMES

    def blanks(self) -> dict[str, dict[str, NDArray[np.float32]]]:
        """What a missing source looks like: for each source, the groups it touches.

        Training hides each source from some posts, so that posts without it lose little. Every
        array covers a whole group, raw; NaN marks the columns that the source does not touch.
        """
        missing = metadata_of(_NOTHING)

        def columns(prefix: str) -> NDArray[np.float32]:
            values = [missing[n] if n.startswith(prefix) else np.nan for n in self.metadata_names]
            return np.array(values, np.float32)

        no_words = np.zeros(TEXT_BUCKETS, np.float32)
        return {
            "title": {"title": no_words, "metadata": columns("title_")},
            "text": {"text": no_words, "metadata": columns("text_")},
            "author": {"metadata": columns("author_")},
        }

    def of(self, facts: Sequence[PostFacts]) -> dict[str, NDArray[np.float32]]:
        """The groups of ``n`` posts.

        Returns:
            ``title`` and ``text``: float32 [n, `text_dim`], the hashed words of the title and of
            the text in the image, each row of length one or all zero; ``metadata``: float32
            [n, M], columns in the order of `metadata_names`, not yet standardised.
        """
        title = np.zeros((len(facts), self.text_dim), np.float32)
        text = np.zeros((len(facts), self.text_dim), np.float32)
        metadata = np.empty((len(facts), len(self.metadata_names)), np.float32)
        for row, fact in enumerate(facts):
            _hashed(fact.title, title[row])
            _hashed(fact.text_in_image or "", text[row])
            metadata[row] = list(metadata_of(fact).values())
        return {"title": title, "text": text, "metadata": metadata}
