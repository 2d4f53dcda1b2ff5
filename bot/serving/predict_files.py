"""Predicting files that are not posted: nothing is stored."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core import Core
from bot.serving.champion import Champion, EmbeddedImage
from bot.serving.forecast import Card, read_card
from bot.serving.score_scale import bucket_rule, read_quantiles
from models.decoding import ImageRefused
from models.facts import community_record
from models.features import PostFacts, Record
from models.percentiles import BucketRule, Quantiles
from storage.errors import ExpectedError
from storage.tables import Community


class UnknownCommunity(ExpectedError):
    """There is no such community; the message names those there are."""


@dataclass(frozen=True, slots=True)
class FilePrediction:
    """What is predicted for one file: a card, or why it was refused."""

    file: Path
    card: Card | None
    error: str | None
    latency_ms: float


@dataclass(frozen=True, slots=True)
class ImagePrediction:
    """What is predicted for an image: the card, what was known, and its perceptual hash."""

    card: Card
    facts: PostFacts
    phash: str


@dataclass(frozen=True, slots=True)
class Audience:
    """Who the image is for: the community, and what is known of it."""

    name: str | None
    rule: BucketRule
    quantiles: Quantiles
    record: Record


async def predict_files(
    core: Core, files: Sequence[Path], *, title: str, audience: Audience
) -> list[FilePrediction]:
    """Predict each file by itself; one that is refused does not keep the others from an answer."""
    champion = await core.serving.champion()
    return [await _predict(core, file, title, audience, champion) for file in files]


async def predict_image(
    core: Core, data: bytes, *, title: str, audience: Audience, champion: Champion | None = None
) -> ImagePrediction:
    """Predict an image that nobody posted.

    Args:
        data: the image's file.
        champion: what predicts; None: whatever serves now.

    Raises:
        ImageRefused: the bytes are not an image that can be used; the message says why.
        NoChampion: nothing serves.
    """
    champion = champion or await core.serving.champion()
    seen = await core.serving.look(data, champion.backbone)
    facts = PostFacts(
        title=title,
        posted_at=core.clock(),
        width=seen.image.width,
        height=seen.image.height,
        bytes=seen.image.bytes,
        format=seen.image.format,
        link_host=None,
        text_in_image=None,
        author=Record.empty(),
        community=audience.record,
    )
    card = await core.serving.on_thread(_card, champion, seen, facts, audience)
    return ImagePrediction(card, facts, seen.phash)


def _card(champion: Champion, seen: EmbeddedImage, facts: PostFacts, audience: Audience) -> Card:
    bins = champion.head.predict(seen.embedding[np.newaxis], [facts])[0]
    return read_card(bins, audience.quantiles, audience.rule, champion.name)


async def _predict(
    core: Core, file: Path, title: str, audience: Audience, champion: Champion
) -> FilePrediction:
    started = time.perf_counter()
    try:
        data = await asyncio.to_thread(_read, file, core.settings.max_image_bytes)
        predicted = await predict_image(
            core, data, title=title, audience=audience, champion=champion
        )
    except ImageRefused as refusal:
        return FilePrediction(file, None, str(refusal), _since(started))
    except OSError as error:
        return FilePrediction(
            file, None, f"The file cannot be read: {error.strerror or error}.", _since(started)
        )
    return FilePrediction(file, predicted.card, None, _since(started))


def _read(file: Path, max_bytes: int) -> bytes:
    with file.open("rb") as stream:
        # One byte more than is accepted: enough for the decoder to say that it is too large.
        return stream.read(max_bytes + 1)


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


async def find_audience(core: Core, name: str | None) -> Audience:
    """The community called ``name``; without a name the only one there is, else nobody known.

    Raises:
        UnknownCommunity: there is none of that name, or several.
    """
    async with core.database.read() as session:
        if name is None:
            communities = (await session.scalars(select(Community).limit(2))).all()
            community = communities[0] if len(communities) == 1 else None
        else:
            community = await find_named_community(session, name)
        return await audience_of(session, community, core.clock())


async def audience_of(
    session: AsyncSession, community: Community | None, now: datetime
) -> Audience:
    """What is known of a community; of None that nothing is."""
    if community is None:
        return Audience(None, BucketRule(), Quantiles((), "none"), Record.empty())
    return Audience(
        name=community.name,
        rule=bucket_rule(community),
        quantiles=await read_quantiles(session, community, before=now),
        record=await community_record(session, community.id, now),
    )


async def find_named_community(session: AsyncSession, name: str) -> Community:
    """The community that people call ``name``: its name, or its id on its platform.

    Raises:
        UnknownCommunity: there is none of that name, or several.
    """
    plain = name.removeprefix("/").removeprefix("r/").casefold()
    matches = func.lower(Community.name).in_([name.casefold(), plain]) | (
        func.lower(Community.source_id) == plain
    )
    found = (await session.scalars(select(Community).where(matches).limit(2))).all()
    if len(found) == 1:
        return found[0]
    names = ", ".join(await session.scalars(select(Community.name).order_by(Community.name)))
    raise UnknownCommunity(
        f"There {'are several communities' if found else 'is no community'} called {name!r}."
        f" Known: {names or 'none yet'}."
    )
