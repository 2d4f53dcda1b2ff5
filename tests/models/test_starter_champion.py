"""What the champion that ships predicts: the same numbers after any change that is not meant to
change them. Its pictures are drawn here and its embeddings come from a seed."""

import io
from datetime import UTC, datetime

import numpy as np
from PIL import Image, ImageDraw

from models.author_record import AuthorRecord
from models.backbone import Backbone
from models.backbone_files import STARTER
from models.decoding import decode
from models.features import PostFacts, Record
from models.head import Head
from models.pace import Pace
from models.preprocessing import perceptual_hash, to_input

POSTED_AT = datetime(2026, 3, 14, 15, 9, tzinfo=UTC)


def drawn(seed: int, size: tuple[int, int]) -> bytes:
    """A PNG of coloured shapes; lossless, so that no codec's version matters."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", size, tuple(rng.integers(0, 256, 3).tolist()))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = (rng.random(2) * size).tolist()
        width, height = (rng.random(2) * size).tolist()
        colour = tuple(rng.integers(0, 256, 3).tolist())
        draw.rectangle((x, y, x + width / 2, y + height / 2), fill=colour)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def facts(title: str, *, author: AuthorRecord) -> PostFacts:
    return PostFacts(
        title=title,
        posted_at=POSTED_AT,
        text_in_image=None,
        author=author,
        community=Record(40, 0.5, Pace((0.5, 2.0, 9.0, 20.0, 40.0, 100.0))),
        aspect=4 / 3,
    )


#: Width and height of the three pictures.
SIZES = [(640, 480), (300, 700), (1000, 1000)]

#: Three posts: with a title, with a title and a known author, with a known author only.
POSTS = [
    facts("When the code compiles on the first try", author=AuthorRecord.empty()),
    facts("me irl", author=AuthorRecord(9, 0.8, 0.8, 0.9, 0.95, 0.6, 11, 2, 26.0)),
    facts("", author=AuthorRecord(3, 0.2, 0.2, 0.1, 0.3, 0.1, 3, 0, 400.0)),
]


#: Probabilities of the ten bins. They change only with a new champion or a change on purpose.
OF_EMBEDDINGS = np.array(
    [
        [
            0.079530,
            0.070245,
            0.087832,
            0.131602,
            0.104915,
            0.084395,
            0.116147,
            0.107937,
            0.118439,
            0.098956,
        ],
        [
            0.043870,
            0.036800,
            0.064999,
            0.225558,
            0.126319,
            0.130723,
            0.122589,
            0.138413,
            0.087083,
            0.023644,
        ],
        [
            0.230118,
            0.283033,
            0.220167,
            0.120836,
            0.095888,
            0.026022,
            0.008441,
            0.009310,
            0.005051,
            0.001134,
        ],
    ]
)
OF_PICTURES = np.array(
    [
        [
            0.086785,
            0.073563,
            0.085364,
            0.110119,
            0.092244,
            0.079990,
            0.099897,
            0.107481,
            0.120923,
            0.143635,
        ],
        [
            0.045475,
            0.035860,
            0.061138,
            0.191152,
            0.122370,
            0.138928,
            0.121282,
            0.157450,
            0.094977,
            0.031369,
        ],
        [
            0.242467,
            0.282059,
            0.210898,
            0.116169,
            0.094458,
            0.027177,
            0.008765,
            0.010779,
            0.005621,
            0.001607,
        ],
    ]
)
HASHES = ["9fb992e7c00d8d62", "d651a6c9a54dba52", "a46a1f379262d965"]


def test_the_head_says_the_same_of_the_same_embeddings() -> None:
    embeddings = np.random.default_rng(13).gamma(0.5, 0.6, (3, 1280)).astype(np.float32)
    bins = Head.load(STARTER / "champion").predict(embeddings, POSTS)
    np.testing.assert_allclose(bins, OF_EMBEDDINGS, rtol=0, atol=2e-6)


def test_the_whole_way_from_the_file_says_the_same() -> None:
    backbone = Backbone.load(STARTER)
    files = [drawn(seed, size) for seed, size in enumerate(SIZES)]
    pictures = [decode(content, size=backbone.input_size).pixels for content in files]
    batch = np.stack([to_input(picture, backbone.input_size) for picture in pictures])
    bins = Head.load(STARTER / "champion").predict(backbone.embed(batch), POSTS)
    assert [perceptual_hash(picture) for picture in pictures] == HASHES
    # Processors round the network's sums differently; another picture is off by a hundredth.
    np.testing.assert_allclose(bins, OF_PICTURES, rtol=0, atol=1e-4)
