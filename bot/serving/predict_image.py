"""Predicting an image that is not posted: nothing is stored."""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from bot.serving.audience import Audience
from bot.serving.champion import Champion, ChampionServer
from bot.serving.embed import EmbeddedImage
from bot.serving.experts import Said, ask_experts
from bot.serving.forecast import Card, Place, read_card
from models.author_record import AuthorRecord
from models.experts import EXPERTS, mix
from models.features import PostFacts


@dataclass(frozen=True, slots=True)
class ImagePrediction:
    """What is predicted for an image.

    Attributes:
        card: the prediction.
        facts: what the head was told beside the embedding.
        phash: the image's perceptual hash, 16 hexadecimal digits.
        frame: of an animation the number of the frame that was judged, from 1, and of how many;
            None: it is no animation.
    """

    card: Card
    facts: PostFacts
    phash: str
    frame: tuple[int, int] | None = None


async def predict_image(
    server: ChampionServer,
    data: bytes,
    *,
    title: str,
    audience: Audience,
    now: datetime,
    champion: Champion | None = None,
) -> ImagePrediction:
    """Predict an image as if it were posted now.

    Args:
        server: embeds the image and knows the champion.
        data: the image's file.
        title: the title that it would be posted with.
        audience: the community that it would be posted in.
        now: when it would be posted; aware.
        champion: the model version that predicts; None: the one that serves now.

    Raises:
        ImageRefused: the bytes are not an image that can be used; the message says why.
        NoChampion: no model version serves.
    """
    champion = champion or await server.champion(audience.version)
    embedded = await server.embed(data, champion.backbone)
    facts = PostFacts(
        title=title,
        posted_at=now,
        text_in_image=None,
        author=AuthorRecord.empty(),
        community=audience.record,
        aspect=embedded.image.aspect,
    )
    card = await server.on_thread(_card, champion, embedded, facts, audience)
    return ImagePrediction(card, facts, embedded.phash, embedded.image.judged_frame)


def _card(champion: Champion, image: EmbeddedImage, facts: PostFacts, audience: Audience) -> Card:
    said = ask_experts(
        champion.head,
        image.embedding[np.newaxis],
        [facts],
        own=champion.own,
        blank=[image.blank],
    )
    card = read_forecast(champion, said, 0, audience, blank=image.blank)
    attributes, text = image.attributes, champion.backbone.text
    if text is not None and facts.title.strip():
        agreement = text.agreement(image.embedding, facts.title)
        attributes = replace(attributes, title_agreement=agreement)
    return replace(card, attributes=attributes)


def read_forecast(
    champion: Champion, said: Said, row: int, audience: Audience, *, blank: bool = False
) -> Card:
    """What the experts said of one of several images, as a community would be shown it.

    Args:
        champion: the version that was asked.
        said: what its experts said.
        row: which of the images.
        audience: the community.
        blank: whether the image holds no picture.
    """
    if audience.standing is None:
        bins, place = said.bins[row][EXPERTS.index("pooled")], None
    else:
        # Nothing is stored, so nothing is reserved: this is what would be shown there now.
        standing = audience.standing
        mixture = mix(
            standing.account, said.bins[row], reserved=standing.reserved, waiting=standing.waiting
        )
        bins, place = mixture.bins, Place.of(mixture.weights.tolist(), mixture.share)
    return read_card(
        bins,
        audience.quantiles,
        audience.rule,
        champion.name,
        place=place,
        set_aside=said.set_aside[row],
        blank=blank,
        untrained=champion.manifest.untrained,
    )
