"""From an image's bytes to its embedding and its attributes."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from models.attributes.read import AttributeReader, Attributes
from models.backbone import Backbone
from models.blank import is_blank
from models.decoding import DecodedImage, DecodeLimits, ImageFile, decode
from models.preprocessing import perceptual_hash, to_input


@dataclass(frozen=True, slots=True)
class UndescribedImage:
    """An image that was decoded safely and embedded, and whose attributes were not read.

    Attributes:
        image: what its file said.
        phash: its perceptual hash, 16 hexadecimal digits.
        embedding: what the backbone made of it, float32[1280], rounded to float16.
        blank: whether it holds no picture at all (`models.blank`).
    """

    image: ImageFile
    phash: str
    embedding: NDArray[np.float32]
    blank: bool


@dataclass(frozen=True, slots=True)
class EmbeddedImage(UndescribedImage):
    """An image that was decoded safely and embedded.

    Attributes:
        attributes: what people can read off it.
    """

    attributes: Attributes


def embed_undescribed(data: bytes, backbone: Backbone, limits: DecodeLimits) -> UndescribedImage:
    """Decode an image safely, hash it and embed it.

    Raises:
        ImageRefused: the bytes are not an image that can be used; the message says why.
    """
    return _embed(decode(data, limits=limits, size=backbone.input_size), backbone)


def embed_image(
    data: bytes, backbone: Backbone, reader: AttributeReader, limits: DecodeLimits
) -> EmbeddedImage:
    """Decode an image safely, hash it, embed it and read its attributes.

    Takes milliseconds of a processor, most of them for the attributes.

    Raises:
        ImageRefused: the bytes are not an image that can be used; the message says why.
    """
    image = decode(data, limits=limits, size=backbone.input_size)
    seen = _embed(image, backbone)
    attributes = _attributes(image, seen.embedding, backbone, reader)
    return EmbeddedImage(seen.image, seen.phash, seen.embedding, seen.blank, attributes)


def _embed(image: DecodedImage, backbone: Backbone) -> UndescribedImage:
    tensor = to_input(image.pixels, backbone.input_size)
    # Rounded as it will be stored, so that serving and training see the same numbers.
    embedding = backbone.embed(tensor[np.newaxis])[0].astype(np.float16).astype(np.float32)
    blank = is_blank(tensor, image.width, image.height)
    return UndescribedImage(image.file, perceptual_hash(image.pixels), embedding, blank)


def read_attributes(
    data: bytes,
    embedding: NDArray[np.float32],
    backbone: Backbone,
    reader: AttributeReader,
    limits: DecodeLimits,
) -> Attributes:
    """The attributes of an image that was embedded before.

    Raises:
        ImageRefused: the bytes are not an image that can be used.
    """
    image = decode(data, limits=limits, size=backbone.input_size)
    return _attributes(image, embedding, backbone, reader)


def feature_map(
    data: bytes, backbone: Backbone, limits: DecodeLimits, size: int
) -> tuple[Image, NDArray[np.float32] | None]:
    """The pixels of an image, decoded for ``size``, and the backbone's last feature map of it.

    Raises:
        ImageRefused: the bytes are not an image that can be used; the message says why.
    """
    pixels = decode(data, limits=limits, size=size).pixels
    return pixels, backbone.feature_map(to_input(pixels, backbone.input_size))


def _attributes(
    image: DecodedImage,
    embedding: NDArray[np.float32],
    backbone: Backbone,
    reader: AttributeReader,
) -> Attributes:
    attributes = reader.read(image.pixels, embedding, backbone=backbone.fingerprint)
    if backbone.tags is not None:
        attributes = replace(attributes, tags=backbone.tags.tell(embedding))
    return attributes
