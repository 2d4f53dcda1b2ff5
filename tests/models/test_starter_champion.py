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
            0.061275,
            0.048235,
            0.059337,
            0.069886,
            0.081803,
            0.080068,
            0.119720,
            0.133906,
            0.154663,
            0.191107,
        ],
        [
            0.015378,
            0.015813,
            0.045786,
            0.166121,
            0.126582,
            0.175739,
            0.168763,
            0.173405,
            0.093589,
            0.018823,
        ],
        [
            0.232917,
            0.240949,
            0.202812,
            0.110948,
            0.101351,
            0.054860,
            0.022164,
            0.021169,
            0.010964,
            0.001868,
        ],
    ]
)
OF_PICTURES = np.array(
    [
        [
            0.062406,
            0.049087,
            0.052712,
            0.056258,
            0.062449,
            0.061359,
            0.087697,
            0.108260,
            0.162594,
            0.297178,
        ],
        [
            0.017972,
            0.018005,
            0.048056,
            0.156841,
            0.117357,
            0.166985,
            0.158484,
            0.174694,
            0.112114,
            0.029492,
        ],
        [
            0.251113,
            0.257682,
            0.199154,
            0.099392,
            0.089414,
            0.048423,
            0.019342,
            0.019864,
            0.012698,
            0.002918,
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
