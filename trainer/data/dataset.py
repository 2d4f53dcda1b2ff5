"""Reads every labelled post of the database with its stored embedding."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Text, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.facts import LabelledFacts, labelled_facts
from models.percentiles import BucketRule
from storage.engine.database import Database
from storage.engine.invalid_text import keep_odd_text
from storage.queries.attributes import described
from storage.tables import Community, Embedding, Image, Post
from storage.types import PlatformName
from trainer.data.assemble import BLOCK, Gathering
from trainer.data.attribute_columns import attribute_columns
from trainer.data.labelled_posts import DIM, SERVING_EMBEDDING, Example, LabelledPosts


async def read_labelled(
    database_url: str,
    backbone: str,
    *,
    serving_backbone: str | None = None,
    without: Collection[int] = (),
    only: Collection[int] | None = None,
) -> LabelledPosts:
    """Read every labelled post and its stored embedding, a block at a time.

    Args:
        database_url: as the storage package takes it (``sqlite+aiosqlite:///…``).
        backbone: fingerprint of the backbone whose embeddings are wanted.
        serving_backbone: fingerprint of another, whose embeddings of the same posts become the
            group `SERVING_EMBEDDING`; posts that lack either are left out.
        without: communities whose posts teach nobody else.
        only: the communities whose posts alone are wanted, whether they teach others or not; None:
            those of all but ``without``.
    """
    database = Database(database_url)
    keep_odd_text(database)
    wanted = {"embedding": backbone} | (
        {SERVING_EMBEDDING: serving_backbone} if serving_backbone else {}
    )
    try:
        async with database.read() as session:
            dims = {name: await _dim(session, backbone) for name, backbone in wanted.items()}
            gathering = Gathering(datetime.now(UTC), dims)
            block: list[LabelledFacts] = []
            async for post in labelled_facts(session):
                is_wanted = (
                    post.community_id not in without
                    if only is None
                    else (post.community_id in only)
                )
                if not is_wanted:
                    continue
                block.append(post)
                if len(block) == BLOCK:
                    await _gather(session, block, wanted, gathering)
                    block = []
            await _gather(session, block, wanted, gathering)
            communities = (
                await session.execute(
                    select(
                        Community.id,
                        Community.platform,
                        Community.name,
                        Community.low_up_to,
                        Community.medium_up_to,
                    )
                )
            ).all()
    finally:
        await database.close()
    labelled = gathering.posts()
    labelled.rules = {
        each.id: BucketRule(each.low_up_to, each.medium_up_to) for each in communities
    }
    # The result of a training run is read on every server: a channel's name is not for them.
    labelled.names = {
        each.id: each.name for each in communities if each.platform is not PlatformName.DISCORD
    }
    return labelled


async def _dim(session: AsyncSession, backbone: str) -> int:
    """How long a backbone's embeddings are: as most of those that are stored."""
    length = func.length(Embedding.vector)
    query = (
        select(length)
        .where(Embedding.backbone == backbone)
        .group_by(length)
        .order_by(func.count().desc(), length)
        .limit(1)
    )
    return int(await session.scalar(query) or 2 * DIM) // 2


def _embedding(stored: bytes, dim: int) -> NDArray[np.float16]:
    """The embedding float16[dim]; empty where it is not as long as that."""
    if len(stored) != 2 * dim:
        return np.empty(0, np.float16)
    return np.frombuffer(stored, "<f2").astype(np.float16)


def _attributes(attributes: str | None, layout: str | None) -> dict[str, Any] | None:
    """Of two JSON texts; None where nothing was read, or a row is damaged."""
    try:
        found = described(json.loads(attributes or "null"), json.loads(layout or "null"))
        attribute_columns(found)
    except (ValueError, TypeError, LookupError, AttributeError):
        return None
    return found


async def _gather(
    session: AsyncSession,
    block: Sequence[LabelledFacts],
    wanted: Mapping[str, str],
    gathering: Gathering,
) -> None:
    """Add a block of posts with their embeddings."""
    query = select(Embedding.backbone, Embedding.image_id, Embedding.vector).where(
        Embedding.image_id.in_([post.image_id for post in block]),
        Embedding.backbone.in_(list(wanted.values())),
    )
    dims = {wanted[name]: dim for name, dim in gathering.dims.items()}
    vectors = {
        (backbone, image): _embedding(vector, dims[backbone])
        for backbone, image, vector in await session.execute(query)
    }
    looks = await session.execute(
        select(
            Image.id,
            cast(Image.attributes, Text).label("attributes"),
            cast(Image.text_layout, Text).label("layout"),
        ).where(Image.id.in_([post.image_id for post in block]))
    )
    attributes = {each.id: _attributes(each.attributes, each.layout) for each in looks}
    names = await session.execute(
        select(Post.id, Post.source_id).where(Post.id.in_([post.post_id for post in block]))
    )
    source_ids = {each.id: each.source_id for each in names}
    for post in block:
        found = {name: vectors.get((print_, post.image_id)) for name, print_ in wanted.items()}
        gathering.add(
            Example(
                post.facts, found.pop("embedding"), post.score, post.community_id,
                post.platform, post.matured_at, post.phash, post.percentile,
                source_ids[post.post_id], attributes[post.image_id],
            ),
            **found,
        )  # fmt: skip
