"""Posts of a file with their images, as the arrays that training and evaluation read."""

from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.author_record import MILLION, AuthorRecord
from models.backbone import Backbone
from models.decoding import MAX_BYTES, DecodedImage, ImageRefused, decode
from models.features import PostFacts
from models.ocr import READ_SIZE
from models.percentiles import tie_interval
from models.preprocessing import perceptual_hash, to_input
from models.records import AuthorLedger, CommunityLedger, Records
from storage.files.image_folder import ImageFolder, read_image_file
from storage.files.post_columns import SCORE_KEYS
from storage.files.posts_export import FilePost, read_posts
from trainer.data.assemble import assemble
from trainer.data.labelled_posts import Example, LabelledPosts
from trainer.data.reference import Reference

HORIZON = timedelta(hours=24)

#: Images embedded at once.
_BATCH = 32

ReadText = Callable[[Image.Image], str]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """An image that was decoded and embedded.

    Attributes:
        phash: its perceptual hash.
        text: that was read in it; None: not looked for.
        embedding: float16 [1280].
        aspect: its width by its height, upright.
    """

    phash: str
    text: str | None
    embedding: NDArray[np.float16]
    aspect: float


@dataclass(slots=True)
class FilePosts:
    """The posts of a file, the oldest first, and the images of those that have one.

    Attributes:
        posts: all usable rows, with an image or without.
        seen: decoded images by number in ``posts``.
        dropped: what was left out, by reason.
    """

    posts: list[FilePost]
    seen: dict[int, Seen]
    dropped: Counter[str]
    now: datetime

    @property
    def ids(self) -> list[str]:
        """Ids of the posts with an image, in order."""
        return [self.posts[number].source_id for number in sorted(self.seen)]

    def labelled(
        self, *, reference: Reference | None = None, counted: Collection[str] | None = None
    ) -> LabelledPosts:
        """The posts with an image, as arrays.

        An author's or the community's record at each post is made of the posts of the file, also
        those whose image is gone, as it would have been for a bot watching: a score is final a
        day after posting.

        Args:
            reference: scores among which earlier posts of a record are ranked; without it, the
                earlier posts of the file themselves.
            counted: ids of the posts whose score may count in a record; None: all.
        """
        examples = self.examples(reference=reference, counted=counted)
        labelled = assemble(examples, now=self.now)
        labelled.dropped = labelled.dropped + self.dropped
        return labelled

    def examples(
        self, *, reference: Reference | None = None, counted: Collection[str] | None = None
    ) -> Iterator[Example]:
        """As `labelled`, one post at a time, the oldest first."""
        records = _records(self.posts, reference, counted)
        for number in sorted(self.seen):
            yield _example(self.posts[number], self.seen[number], records[number])


def read_file_posts(
    path: Path,
    images: Path,
    backbone: Backbone,
    *,
    now: datetime,
    read_text: ReadText | None = None,
    progress: Progress | None = None,
    score_keys: Sequence[str] = SCORE_KEYS,
) -> FilePosts:
    """Read a file of posts and embed the images that there are.

    Args:
        path: a TinyDB export or a list of posts (`storage.files.posts_export`).
        images: folder of the images, named by the posts' ids.
        backbone: embeds them.
        now: posts dated later are dropped.
        read_text: reads text in an image; None: text is not looked for.
        progress: told how many of how many posts were looked at.
        score_keys: where a row has its score.

    Raises:
        PostsFileRefused: the file is not a file of posts.
    """
    file = read_posts(path, now=now, score_keys=score_keys)
    seen, refused = _see(file.posts, ImageFolder(images), backbone, read_text, progress)
    return FilePosts(file.posts, seen, file.dropped + refused, now)


def _example(post: FilePost, seen: Seen, records: Records) -> Example:
    return Example(
        facts=PostFacts(
            title=post.title,
            posted_at=post.posted_at,
            text_in_image=seen.text,
            author=records.author,
            community=records.community,
            aspect=seen.aspect,
        ),
        embedding=seen.embedding,
        score=post.score,
        community=0,
        platform="file",
        matured_at=post.posted_at + HORIZON,
        phash=seen.phash,
        source_id=post.source_id,
    )


def _see(
    posts: Sequence[FilePost],
    folder: ImageFolder,
    backbone: Backbone,
    read_text: ReadText | None,
    progress: Progress | None,
) -> tuple[dict[int, Seen], Counter[str]]:
    """What each image looks like, by the number of its post; those refused, by reason."""
    refused: Counter[str] = Counter()
    seen: dict[int, Seen] = {}
    for batch in _batches(posts):
        decoded: list[tuple[int, DecodedImage, str | None]] = []
        for number in batch:
            path = folder.find(posts[number].source_id, posts[number].file)
            if path is None:
                refused["no image"] += 1
                continue
            try:
                content = read_image_file(path, max_bytes=MAX_BYTES)
                image = decode(content, size=backbone.input_size)
                # A second time, because what is enough for the backbone has no legible letters.
                text = read_text(decode(content, size=READ_SIZE).pixels) if read_text else None
                decoded.append((number, image, text))
            except ImageRefused as refusal:
                refused[f"image refused ({refusal.reason})"] += 1
            except OSError as error:
                refused[f"image not read ({error.strerror or error})"] += 1
        if decoded:
            pixels = [to_input(image.pixels, backbone.input_size) for _, image, _ in decoded]
            embedded = backbone.embed(np.stack(pixels)).astype(np.float16)
            for (number, image, text), embedding in zip(decoded, embedded, strict=True):
                seen[number] = Seen(perceptual_hash(image.pixels), text, embedding, image.aspect)
        if progress:
            progress(batch.stop, len(posts))
    return seen, refused


def _batches(posts: Sequence[FilePost]) -> Iterator[range]:
    for start in range(0, len(posts), _BATCH):
        yield range(start, min(start + _BATCH, len(posts)))


def _records(
    posts: Sequence[FilePost], reference: Reference | None, counted: Collection[str] | None
) -> list[Records]:
    """The author's and the community's record at each post."""
    authors: defaultdict[str, AuthorLedger] = defaultdict(AuthorLedger)
    community = CommunityLedger()
    for number, (post, percentile) in enumerate(
        zip(posts, _percentiles(posts, reference), strict=True)
    ):
        community.add_post(post.posted_at.timestamp())
        if counted is not None and post.source_id not in counted:
            continue
        matured_at = (post.posted_at + HORIZON).timestamp()
        millionths = round(percentile * MILLION)
        community.add(matured_at, millionths)
        if post.author is not None:
            authors[post.author].add(post.posted_at.timestamp(), number, matured_at, millionths)
    community.close()
    for author in authors.values():
        author.close()
    seconds = HORIZON.total_seconds()
    return [
        Records(
            authors[post.author].at(post.posted_at, horizon_seconds=seconds)
            if post.author is not None
            else AuthorRecord.empty(),
            community.at(post.posted_at),
        )
        for post in posts
    ]


def _percentiles(posts: Sequence[FilePost], reference: Reference | None) -> list[float]:
    if reference is not None:
        scores = np.array([post.score for post in posts], np.float64)
        return [float(middle) for middle in reference.intervals(scores).middle]
    earlier: list[float] = []
    found = []
    for post in posts:
        low, high = tie_interval(post.score, earlier)
        found.append((low + high) / 2)
        insort(earlier, post.score)
    return found
