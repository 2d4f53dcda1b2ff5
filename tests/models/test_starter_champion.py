"""What the champion that ships predicts: the same numbers after any change that is not meant to
change them. Its pictures are drawn here and its embeddings come from a seed."""

import io
from datetime import UTC, datetime

import numpy as np
from PIL import Image, ImageDraw

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


def facts(title: str, width: int, height: int, *, author: Record) -> PostFacts:
    return PostFacts(
        title=title,
        posted_at=POSTED_AT,
        width=width,
        height=height,
        bytes=100_000,
        format="PNG",
        link_host=None,
        text_in_image=None,
        author=author,
        community=Record(40, 0.5),
    )


#: Three posts: with a title, with a title and a known author, with a known author only.
POSTS = [
    facts("When the code compiles on the first try", 640, 480, author=Record.empty()),
    facts("me irl", 300, 700, author=Record(9, 0.8)),
    facts("", 1000, 1000, author=Record(3, 0.2)),
]


#: Probabilities of the ten bins. They change only with a new champion or a change on purpose.
OF_EMBEDDINGS = np.array(
    [
        [
            0.001101,
            0.000766,
            0.001517,
            0.003546,
            0.006668,
            0.011070,
            0.038653,
            0.089677,
            0.320020,
            0.526981,
        ],
        [
            0.000373,
            0.000341,
            0.001952,
            0.012572,
            0.015014,
            0.059749,
            0.102917,
            0.292174,
            0.364102,
            0.150804,
        ],
        [
            0.103456,
            0.104638,
            0.113175,
            0.101313,
            0.111912,
            0.083085,
            0.073439,
            0.095951,
            0.144509,
            0.068522,
        ],
    ]
)
OF_PICTURES = np.array(
    [
        [
            0.002044,
            0.001244,
            0.002043,
            0.004297,
            0.006774,
            0.012489,
            0.034510,
            0.109197,
            0.268070,
            0.559331,
        ],
        [
            0.000498,
            0.000437,
            0.002241,
            0.014627,
            0.015770,
            0.068503,
            0.103195,
            0.390881,
            0.289446,
            0.114401,
        ],
        [
            0.134936,
            0.125652,
            0.120119,
            0.104058,
            0.102286,
            0.085488,
            0.066244,
            0.107022,
            0.105179,
            0.049015,
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
    files = [drawn(seed, (post.width, post.height)) for seed, post in enumerate(POSTS)]
    pictures = [decode(content, size=backbone.input_size).pixels for content in files]
    batch = np.stack([to_input(picture, backbone.input_size) for picture in pictures])
    bins = Head.load(STARTER / "champion").predict(backbone.embed(batch), POSTS)
    assert [perceptual_hash(picture) for picture in pictures] == HASHES
    # Processors round the network's sums differently; another picture is off by a hundredth.
    np.testing.assert_allclose(bins, OF_PICTURES, rtol=0, atol=1e-4)
