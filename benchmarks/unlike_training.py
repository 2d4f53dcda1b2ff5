"""What a head does with posts unlike those that it was fitted on.

    python -m benchmarks.unlike_training POSTS.json --images FOLDER [--backbone FOLDER]

A head is fitted on the oldest 1,500 posts and judged on the newest 408, by log-loss skill over the
ten bins (the base rate is 0):

- *titles in k posts*: all but k of the posts it is fitted on, spread evenly, lose their title; the
  judged posts keep theirs. Beside it the same head without looking at titles.
- *text*: it never saw text in an image; in the judged posts, text (their own title) is read.
- *saved as*: the judged posts with their pictures as other software would have saved them, and with
  a link, which is no feature.
- *the same from a folder of other pictures* (``--unlike FOLDER …``): how many of its images are set
  aside as unlike all that was learned from, by the head that ships, beside the images of the posts.
"""

import argparse
import io
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.reencoding import WAYS
from models.author_record import AuthorRecord
from models.backbone import Backbone
from models.backbone_files import STARTER
from models.decoding import ImageRefused, decode
from models.features import Features, PostFacts, Record, without
from models.head import Head
from models.metrics import log_losses
from models.preprocessing import to_input
from storage.files.image_folder import ImageFolder
from trainer.data.assemble import assemble
from trainer.data.file_posts import read_file_posts
from trainer.data.labelled_posts import Example
from trainer.data.targets import soft_bins
from trainer.evaluation.forecasting import intervals_of, ranking_of
from trainer.head.fit import fit
from trainer.head.recipe import Recipe

LEARN = 1500
COUNTS = (0, 1, 5, 20, LEARN)

Numbers = NDArray[np.float64]


def skill(bins: Numbers, targets: Numbers) -> float:
    """Log-loss skill over ten bins of equal probability."""
    return float(1 - log_losses(bins, targets).mean() / np.log(10))


def fitted(examples: list[Example], now: datetime, seed: int) -> Head:
    """The linear part of a head, which is all of it with so few labels, at temperature 1."""
    posts = assemble(iter(examples), now=now)
    rows = np.arange(len(posts))
    targets = soft_bins(intervals_of(posts, ranking_of(posts, rows)))
    return fit(
        posts.groups, targets, rows, rows[:0],
        recipe=Recipe(), seed=seed, linear_share=1.0, blanks=Features().blanks(),
    ).head  # fmt: skip


def saved_otherwise(
    head: Head,
    posts: list[tuple[PostFacts, bytes]],
    backbone: Backbone,
    targets: Numbers,
) -> dict[str, float]:
    """Skill on posts whose pictures are saved in another way."""
    found = {}
    for name in ("JPEG 95", "WebP 80", "PNG", "4,096 bytes of zero appended"):
        embeddings, facts = [], []
        for each, content in posts:
            with Image.open(io.BytesIO(content)) as picture:
                again = WAYS[name](content, picture.convert("RGB"))
            decoded = decode(again, size=backbone.input_size)
            pixels = to_input(decoded.pixels, backbone.input_size)
            embeddings.append(backbone.embed(pixels[np.newaxis])[0].astype(np.float16))
            facts.append(replace(each, aspect=decoded.aspect))
        bins = head.predict(np.stack(embeddings).astype(np.float32), facts)
        found[name] = skill(bins, targets)
    return found


def embeddings_of(folder: Path, backbone: Backbone, most: int) -> NDArray[np.float32]:
    """Embeddings of at most so many images of a folder, spread evenly over their names."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    chosen = paths[:: max(1, len(paths) // most)][:most]
    inputs = []
    for path in chosen:
        try:
            picture = decode(path.read_bytes(), size=backbone.input_size).pixels
        except ImageRefused:
            continue
        inputs.append(to_input(picture, backbone.input_size))
    return np.concatenate([backbone.embed(np.stack([each])) for each in inputs])


def drawn(backbone: Backbone) -> dict[str, NDArray[np.float32]]:
    """Embeddings of noise and of plain colours."""
    rng, size = np.random.default_rng(1), backbone.input_size
    pictures = {
        "noise": rng.uniform(-1, 1, (20, size, size, 3)),
        "one colour": np.broadcast_to(rng.uniform(-1, 1, (20, 1, 1, 3)), (20, size, size, 3)),
        "black": np.full((1, size, size, 3), -1.0),
    }
    return {name: backbone.embed(made.astype(np.float32)) for name, made in pictures.items()}


def set_aside(head: Head, embeddings: NDArray[np.float32], title: str, source: str) -> float:
    """The share of posts of which a source is set aside."""
    facts = PostFacts(
        title, datetime(2018, 1, 1, 15, tzinfo=UTC), None, AuthorRecord.empty(), Record.empty()
    )
    _, aside = head.predict_with_support(embeddings, [facts] * len(embeddings))
    return float(np.mean([source in each for each in aside]))


def main() -> int:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--backbone", type=Path, default=STARTER)
    parser.add_argument("--unlike", type=Path, nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    now = datetime.now(UTC)
    backbone = Backbone.load(asked.backbone)
    file_posts = read_file_posts(asked.file, asked.images, backbone, now=now)
    every = list(file_posts.examples())
    whole = assemble(iter(every), now=now)
    targets = soft_bins(intervals_of(whole, ranking_of(whole, np.arange(LEARN))))[LEARN:]
    later = every[LEARN:]
    embedding = np.stack([each.embedding for each in later]).astype(np.float32)
    facts = [each.facts for each in later]
    sys.stdout.write("| posts with a title | skill | not looking at titles | set aside |\n")
    sys.stdout.write("|---|---|---|---|\n")
    for count in COUNTS:
        kept = set(np.linspace(0, LEARN - 1, count).astype(int).tolist())
        posts = [
            each if number in kept else replace(each, facts=without(each.facts, ["title"]))
            for number, each in enumerate(every[:LEARN])
        ]
        head = fitted(posts, now, asked.seed)
        bins, aside = head.predict_with_support(embedding, facts)
        hidden = head.predict(embedding, facts, hide=("title",))
        share = np.mean(["title" in each for each in aside])
        seeing, not_seeing = skill(bins, targets), skill(hidden, targets)
        sys.stdout.write(f"| {count} | {seeing:.3f} | {not_seeing:.3f} | {share:.0%} |\n")
    sys.stdout.write("\n| the pictures saved as | skill |\n|---|---|\n")
    images = ImageFolder(asked.images)
    contents = []
    for number in sorted(file_posts.seen)[LEARN:]:
        post = file_posts.posts[number]
        path = images.find(post.source_id, post.file)
        assert path is not None, f"the picture of {post.source_id} was there a moment ago"
        contents.append(path.read_bytes())
    as_saved = saved_otherwise(head, list(zip(facts, contents, strict=True)), backbone, targets)
    for name, value in ({"as they are": seeing} | as_saved).items():
        sys.stdout.write(f"| {name} | {value:.3f} |\n")
    read = [replace(each, text_in_image=each.title) for each in facts]
    sys.stdout.write(
        f"\ntext never read before: {skill(head.predict(embedding, facts), targets):.3f} without, "
        f"{skill(head.predict(embedding, read), targets):.3f} with text\n\n"
    )
    serving = Head.load(STARTER / "champion")
    pictures = {"r/memes": embedding} | drawn(backbone)
    for folder in asked.unlike:
        pictures[folder.name] = embeddings_of(folder, backbone, 300)
    sys.stdout.write("| pictures | image set aside |\n|---|---|\n")
    for name, found in pictures.items():
        sys.stdout.write(f"| {name} | {set_aside(serving, found, 'me irl', 'image'):.0%} |\n")
    sys.stdout.write("\n| title | title set aside |\n|---|---|\n")
    titles = {
        "none": "", "emoji": "😂🔥💯", "Cyrillic": "Когда код собрался с первого раза",
        "2,000 letters": "word " * 400, "usual": "When the code compiles on the first try",
    }  # fmt: skip
    for name, title in titles.items():
        sys.stdout.write(f"| {name} | {set_aside(serving, embedding[:1], title, 'title'):.0%} |\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
