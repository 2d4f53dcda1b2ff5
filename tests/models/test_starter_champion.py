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
            0.073368,
            0.064363,
            0.077132,
            0.101576,
            0.092075,
            0.094917,
            0.127991,
            0.119961,
            0.126980,
            0.121637,
        ],
        [
            0.028635,
            0.025632,
            0.053473,
            0.225748,
            0.122069,
            0.159152,
            0.150161,
            0.128978,
            0.086775,
            0.019377,
        ],
        [
            0.255898,
            0.270532,
            0.210616,
            0.122391,
            0.092342,
            0.028199,
            0.007542,
            0.008101,
            0.003406,
            0.000974,
        ],
    ]
)
OF_PICTURES = np.array(
    [
        [
            0.083261,
            0.072210,
            0.077615,
            0.082866,
            0.078095,
            0.089866,
            0.101425,
            0.120583,
            0.121238,
            0.172842,
        ],
        [
            0.031301,
            0.026641,
            0.052228,
            0.183250,
            0.116057,
            0.170134,
            0.146148,
            0.152563,
            0.094745,
            0.026934,
        ],
        [
            0.264164,
            0.276303,
            0.204289,
            0.115432,
            0.088278,
            0.028820,
            0.007620,
            0.009775,
            0.003783,
            0.001534,
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
