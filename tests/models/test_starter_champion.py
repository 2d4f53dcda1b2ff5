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
        community=Record(40, 0.5),
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
            0.063361,
            0.049252,
            0.060156,
            0.070475,
            0.082198,
            0.080082,
            0.119568,
            0.133105,
            0.153084,
            0.188719,
        ],
        [
            0.015646,
            0.015864,
            0.045850,
            0.167016,
            0.126447,
            0.175724,
            0.168539,
            0.173216,
            0.093143,
            0.018556,
        ],
        [
            0.234019,
            0.241734,
            0.202975,
            0.110518,
            0.101058,
            0.054494,
            0.021850,
            0.020841,
            0.010716,
            0.001796,
        ],
    ]
)
OF_PICTURES = np.array(
    [
        [
            0.064184,
            0.049831,
            0.053067,
            0.056317,
            0.062321,
            0.061039,
            0.087245,
            0.107542,
            0.161661,
            0.296792,
        ],
        [
            0.018177,
            0.017962,
            0.047861,
            0.156878,
            0.116800,
            0.166718,
            0.158382,
            0.175197,
            0.112533,
            0.029492,
        ],
        [
            0.252110,
            0.258345,
            0.199121,
            0.098910,
            0.089155,
            0.048171,
            0.019128,
            0.019672,
            0.012538,
            0.002850,
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
