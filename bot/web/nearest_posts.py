"""The posts of a community that look most alike, and how they did."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.visibility import Viewer, in_lists
from storage.tables import Embedding, Image, Label, ModelVersion, Post, PostImage, Prediction
from storage.types import Bucket

#: Newest labels whose images are compared.
COMPARED = 400
SHOWN = 4


@dataclass(frozen=True, slots=True)
class NearPost:
    """A post that looks alike.

    Attributes:
        id: of the post.
        title: may be empty.
        score: the final one.
        bucket: the one that it fell into.
        image_id: of its image; None: it is not kept, or hidden.
        alike: cosine of the two embeddings, −1 to 1.
    """

    id: int
    title: str
    score: float
    bucket: Bucket
    image_id: int | None
    alike: float


def nearest_posts(
    session: Session, post_id: int, community_id: int, viewer: Viewer
) -> Sequence[NearPost]:
    """Of the newest posts with a final score those most like one, the most alike first.

    Compared is what the backbone sees that the post was predicted with.
    """
    own = (
        session.execute(
            select(Embedding.vector, Embedding.backbone)
            .join(Prediction, Prediction.image_id == Embedding.image_id)
            .join(ModelVersion, ModelVersion.id == Prediction.model_version_id)
            .where(Prediction.post_id == post_id, ModelVersion.backbone == Embedding.backbone)
            .order_by(Prediction.id)
            .limit(1)
        )
    ).first()
    if own is None:
        return ()
    newest = (
        select(Label.post_id, Label.score, Label.bucket)
        .where(Label.community_id == community_id, Label.post_id != post_id)
        .order_by(Label.matured_at.desc())
        .limit(COMPARED)
        .subquery()
    )
    rows = (
        session.execute(
            select(newest.c.post_id, Embedding.vector)
            .select_from(newest)
            .join(PostImage, PostImage.post_id == newest.c.post_id)
            .join(Embedding, Embedding.image_id == PostImage.image_id)
            .where(PostImage.position == 0, Embedding.backbone == own.backbone)
        )
    ).all()
    if not rows:
        return ()
    vectors = np.frombuffer(b"".join(row.vector for row in rows), "<f2").reshape(len(rows), -1)
    seen = vectors.astype(np.float32)
    one = np.frombuffer(own.vector, "<f2").astype(np.float32)
    # Not by BLAS: for so little its threads wait for each other longer than they work.
    norms = np.sqrt(np.einsum("ij,ij->i", seen, seen) * np.einsum("i,i->", one, one))
    alike = np.einsum("ij,j->i", seen, one) / np.maximum(norms, 1e-6)
    order = np.argsort(-alike)[: 2 * SHOWN]
    cosines = {rows[place].post_id: float(alike[place]) for place in order}
    found = session.execute(
        select(Post, Label, Image)
        .join(Label, Label.post_id == Post.id)
        .join(PostImage, PostImage.post_id == Post.id)
        .join(Image, Image.id == PostImage.image_id)
        .where(Post.id.in_(cosines), PostImage.position == 0, in_lists(viewer))
    )
    near = [
        NearPost(
            id=post.id,
            title=post.title,
            score=label.score,
            bucket=label.bucket,
            image_id=None if image.dropped_at is not None or post.is_spoiler else image.id,
            alike=cosines[post.id],
        )
        for post, label, image in found
    ]
    return sorted(near, key=lambda each: (-each.alike, each.id))[:SHOWN]
