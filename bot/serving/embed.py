"""From an image's bytes to its embedding and its attributes, in one call."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.attributes.read import AttributeReader, Attributes
from models.backbone import Backbone
from models.blank import is_blank
from models.decoding import DecodedImage, DecodeLimits, decode
from models.preprocessing import perceptual_hash, to_input


@dataclass(frozen=True, slots=True)
class EmbeddedImage:
    """An image that was decoded safely and embedded.

    Attributes:
        image: its pixels and what its file said.
        phash: its perceptual hash, 16 hexadecimal digits.
        embedding: what the backbone made of it, float32[1280], rounded to float16.
        attributes: what people can read off it.
        blank: whether it holds no picture at all (`models.blank`).
    """

    image: DecodedImage
    phash: str
    embedding: NDArray[np.float32]
    attributes: Attributes
    blank: bool = False


def embed_image(
    data: bytes, backbone: Backbone, reader: AttributeReader, limits: DecodeLimits
) -> EmbeddedImage:
    """Decode an image safely, hash it, embed it and read its attributes.

    Takes milliseconds of a processor.

    Raises:
        ImageRefused: the bytes are not an image that can be used; the message says why.
    """
    image = decode(data, limits=limits, size=backbone.input_size)
    tensor = to_input(image.pixels, backbone.input_size)
    # Rounded as it will be stored, so that serving and training see the same numbers.
    embedding = backbone.embed(tensor[np.newaxis])[0].astype(np.float16).astype(np.float32)
    attributes = reader.read(image.pixels, embedding, backbone=backbone.fingerprint)
    if backbone.tags is not None:
        attributes = replace(attributes, tags=backbone.tags.tell(embedding))
    return EmbeddedImage(
        image,
        perceptual_hash(image.pixels),
        embedding,
        attributes,
        is_blank(tensor, image.width, image.height),
    )
