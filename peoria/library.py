"""The library's interface: load a model version, predict images. No database, no network."""

import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
from PIL import Image

from bot.serving.embed import EmbeddedImage, embed_image
from bot.serving.experts import ask_experts
from bot.serving.forecast import Card, read_card
from models.attributes.read import AttributeReader, Attributes
from models.author_record import AuthorRecord
from models.backbone import Backbone
from models.backbone_files import STARTER, find_backbone
from models.decoding import DecodeLimits, ImageRefused
from models.experts import EXPERTS
from models.features import PostFacts, Record
from models.head import Head
from models.percentiles import BucketRule, Quantiles
from models.registry import Manifest, read_version

__all__ = ["Attributes", "ImageRefused", "Peoria", "Prediction"]

#: A file's path, a file's bytes, or a picture of Pillow's.
Picture: TypeAlias = str | os.PathLike[str] | bytes | Image.Image

#: Nobody's scores: the distribution is read as it is.
_NO_SCORES = Quantiles((), "none")


@dataclass(frozen=True, slots=True)
class Prediction:
    """How popular an image will be, in a community like those that were learned from.

    All numbers are 0 to 1. Low, medium and high are the thirds of the posts of a community.

    Attributes:
        low: probability of the bucket low.
        medium: of medium.
        high: of high.
        bars: probability of each tenth of the ranking, from the least popular tenth to the most.
        beats: the share of the posts that this one should beat.
        percentile: 10%, 50% and 90% points of its place among them.
        likely: the most probable bucket; two where they have the same percentage, none where all
            three are alike.
        set_aside: sources (of ``image``, ``title``, ``text``, ``author``, ``time``) that are unlike
            all that was learned from, so that the prediction does not go by them.
        blank: the image holds no picture; all buckets are equally likely then.
        attributes: what people can read off the image: genre, faces, look.
        model_version: name of the version that predicted.
        untrained: that version learned from nothing, so that this is no prediction.
    """

    low: float
    medium: float
    high: float
    bars: tuple[float, ...]
    beats: float
    percentile: tuple[float, float, float]
    likely: tuple[str, ...]
    set_aside: tuple[str, ...]
    blank: bool
    attributes: Attributes | None
    model_version: str
    untrained: bool

    @property
    def shares(self) -> dict[str, float]:
        """The probability of each bucket, by its name."""
        return {"low": self.low, "medium": self.medium, "high": self.high}

    def as_json(self) -> dict[str, Any]:
        """All of it, as `json.dumps` takes it."""
        attributes = None if self.attributes is None else self.attributes.as_json()
        return asdict(self) | {"attributes": attributes}


class Peoria:
    """A model version that predicts. `load` makes one; several threads may use it.

    Args:
        manifest: what the version is.
        head: its head.
        backbone: its backbone.
        limits: how large an image may be.
    """

    def __init__(
        self, manifest: Manifest, head: Head, backbone: Backbone, limits: DecodeLimits
    ) -> None:
        self._manifest = manifest
        self._head = head
        self._backbone = backbone
        self._limits = limits
        self._attributes = AttributeReader()

    @classmethod
    def load(
        cls,
        version: str | os.PathLike[str] | None = None,
        *,
        backbones: str | os.PathLike[str] | None = None,
        limits: DecodeLimits | None = None,
    ) -> Self:
        """Load a model version.

        Args:
            version: the folder of one, for example ``data/models/NAME``; None: what ships.
            backbones: the folder that holds its backbone; None: ``backbones`` beside the folder
                that the version lies in, as in a data folder of Peoria's.
            limits: how large an image may be; None: 20 MiB, 40 million pixels.

        Raises:
            VersionUnusable, HeadUnusable, BackboneUnusable: files are missing or damaged.
        """
        folder = STARTER / "champion" if version is None else Path(version)
        manifest = read_version(folder)
        searched = folder.parents[1] / "backbones" if backbones is None else Path(backbones)
        backbone = Backbone.load(find_backbone(searched, manifest.backbone))
        return cls(manifest, Head.load(folder), backbone, limits or DecodeLimits())

    @property
    def version(self) -> str:
        """Name of the model version."""
        return self._manifest.name

    @property
    def untrained(self) -> bool:
        """Whether the version learned from nothing."""
        return self._manifest.untrained

    def predict(self, image: Picture, *, title: str = "", at: datetime | None = None) -> Prediction:
        """Predict an image.

        Args:
            image: a file's path, a file's bytes, or a picture of Pillow's.
            title: the title that it would be posted with.
            at: when it would be posted, aware; None: now.

        Raises:
            ImageRefused: this is not an image that can be used; the message says why.
            OSError: the file cannot be read.
            ValueError: ``at`` has no time zone.
        """
        (found,) = self.predict_many([image], titles=[title], at=at)
        if isinstance(found, Exception):
            raise found
        return found

    def predict_many(
        self,
        images: Iterable[Picture],
        *,
        titles: Sequence[str] | None = None,
        at: datetime | None = None,
    ) -> list[Prediction | ImageRefused | OSError]:
        """Predict several images; what cannot be used does not keep the others from an answer.

        Args:
            images: each as for `predict`.
            titles: one for each; None: without titles.
            at: when they would be posted, aware; None: now.

        Returns:
            for each image, in their order, its prediction, or the error that says why it has none.

        Raises:
            ValueError: there are more or fewer titles than images, or ``at`` has no time zone.
        """
        moment = datetime.now(UTC) if at is None else at
        if moment.tzinfo is None:
            raise ValueError("`at` needs a time zone")
        embedded = [self._embed(image) for image in images]
        named = [""] * len(embedded) if titles is None else list(titles)
        if len(named) != len(embedded):
            raise ValueError(f"there are {len(named)} titles for {len(embedded)} images")
        usable = [
            (image, title)
            for image, title in zip(embedded, named, strict=True)
            if isinstance(image, EmbeddedImage)
        ]
        predicted = iter(self._ask(usable, moment))
        return [
            next(predicted) if isinstance(image, EmbeddedImage) else image for image in embedded
        ]

    def _embed(self, image: Picture) -> EmbeddedImage | ImageRefused | OSError:
        try:
            data = _file_of(image, self._limits.max_bytes)
            return embed_image(data, self._backbone, self._attributes, self._limits)
        except (ImageRefused, OSError) as error:
            return error

    def _ask(
        self, images: Sequence[tuple[EmbeddedImage, str]], moment: datetime
    ) -> list[Prediction]:
        if not images:
            return []
        said = ask_experts(
            self._head,
            np.stack([image.embedding for image, _ in images]),
            [
                PostFacts(
                    title=title,
                    posted_at=moment,
                    text_in_image=None,
                    author=AuthorRecord.empty(),
                    community=Record.empty(),
                    aspect=image.image.aspect,
                )
                for image, title in images
            ],
            blank=[image.blank for image, _ in images],
        )
        pooled = EXPERTS.index("pooled")
        return [
            _prediction(
                read_card(
                    said.bins[row][pooled],
                    _NO_SCORES,
                    BucketRule(),
                    self.version,
                    set_aside=said.set_aside[row],
                    blank=image.blank,
                    attributes=image.attributes,
                    untrained=self.untrained,
                )
            )
            for row, (image, _) in enumerate(images)
        ]


def _prediction(card: Card) -> Prediction:
    return Prediction(
        low=card.p_low,
        medium=card.p_medium,
        high=card.p_high,
        bars=card.bins,
        beats=card.beats,
        percentile=card.percentile,
        likely=tuple(bucket.value for bucket in card.likely),
        set_aside=card.set_aside,
        blank=card.blank,
        attributes=card.attributes,
        model_version=card.model_version,
        untrained=card.untrained,
    )


def _file_of(image: Picture, max_bytes: int) -> bytes:
    """An image's file; of a path no more is read than is needed to say that it is too large."""
    if isinstance(image, bytes):
        return image
    if isinstance(image, Image.Image):
        file = io.BytesIO()
        image.convert("RGBA" if image.has_transparency_data else "RGB").save(file, "PNG")
        return file.getvalue()
    with Path(image).open("rb") as stream:
        return stream.read(max_bytes + 1)
