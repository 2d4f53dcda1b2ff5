"""What ships, as somebody meets it who has just installed Peoria."""

import numpy as np
import pytest

from bot.core import Core
from models.author_record import AuthorRecord
from models.features import PostFacts, Record
from tests.fixtures import images

PICTURES = (images.photo(640, 480), images.photo(300, 900), images.photo(1200, 630).convert("L"))


def facts(core: Core, *, title: str) -> PostFacts:
    """What is known of a picture that somebody uploads here for the first time."""
    return PostFacts(
        title=title, posted_at=core.clock(), text_in_image=None,
        author=AuthorRecord.empty(), community=Record.empty(),
    )  # fmt: skip


@pytest.mark.parametrize("title", ["", "Look what I found", "me irl"])
async def test_it_is_sure_of_nothing_where_it_knows_nobody(core: Core, title: str) -> None:
    """It once gave nearly every upload a chance of 95% for high: it had learned from one site's
    addresses that images from elsewhere do well, and an upload is from elsewhere."""
    champion = await core.serving.champion()
    for picture in PICTURES:
        data = images.encode(picture, "PNG")
        seen = await core.serving.embed(data, champion.backbone)
        known = facts(core, title=title)
        bins = champion.head.predict(seen.embedding[np.newaxis], [known])[0]
        thirds = [bins[:3].sum() + bins[3] / 3, bins[7:].sum() + bins[6] / 3]
        assert max(thirds) < 0.8
        assert bins.max() < 0.35
