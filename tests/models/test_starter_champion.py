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
            0.023745,
            0.026711,
            0.035416,
            0.041524,
            0.055079,
            0.055828,
            0.099436,
            0.109411,
            0.247122,
            0.305729,
        ],
        [
            0.007312,
            0.016407,
            0.038821,
            0.122722,
            0.115880,
            0.184447,
            0.173156,
            0.146614,
            0.147596,
            0.047045,
        ],
        [
            0.267768,
            0.291468,
            0.202166,
            0.093837,
            0.079534,
            0.033018,
            0.012447,
            0.009397,
            0.008190,
            0.002174,
        ],
    ]
)
OF_PICTURES = np.array(
    [
        [
            0.046442,
            0.047061,
            0.057110,
            0.062893,
            0.060247,
            0.067124,
            0.093546,
            0.155637,
            0.182230,
            0.227710,
        ],
        [
            0.007489,
            0.017166,
            0.043287,
            0.139111,
            0.112000,
            0.197144,
            0.171251,
            0.195018,
            0.093175,
            0.024360,
        ],
        [
            0.274519,
            0.284861,
            0.217512,
            0.096032,
            0.068818,
            0.031783,
            0.010699,
            0.009866,
            0.004827,
            0.001082,
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
