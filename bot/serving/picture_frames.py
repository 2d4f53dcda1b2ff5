"""What goes through the pipes between this process and those that read pictures.

No pickle: a head with three lengths, then JSON and two runs of raw bytes. A question's are the
picture's file, and its embedding where that is known; an answer's are float32 numbers, and pixels.
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from models.decoding import DecodeLimits

#: Lengths of JSON and of what follows it.
HEADER: Final = struct.Struct(">III")

#: What is asked: to embed a picture with or without reading its attributes; those alone; its
#: pixels; these with the backbone's last feature map; whether a caption can be drawn on it; and
#: what reads attributes.
Work: TypeAlias = Literal[
    "embed", "embed_undescribed", "read_attributes", "pixels", "feature_map", "canvas", "version"
]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question.

    Attributes:
        work: what is to be done.
        data: the picture's file.
        backbone: fingerprint of the one that embeds, where one does.
        size: as `models.decoding.decode` takes it, where pixels are asked for.
        embedding: float32, where it is known.
    """

    work: Work
    data: bytes = b""
    backbone: str | None = None
    size: int | None = None
    embedding: bytes = b""

    def pieces(self) -> Sequence[bytes]:
        """As it is sent."""
        said = {"work": self.work, "backbone": self.backbone, "size": self.size}
        return frame(said, self.data, self.embedding)


@dataclass(frozen=True, slots=True)
class Places:
    """What a process that reads pictures is told first: where files are, and what it may take."""

    backbones_dir: Path
    genres_dir: Path
    limits: DecodeLimits

    def pieces(self) -> Sequence[bytes]:
        """As it is sent."""
        said = {
            "backbones_dir": str(self.backbones_dir.absolute()),
            "genres_dir": str(self.genres_dir.absolute()),
            "limits": [self.limits.max_bytes, self.limits.max_pixels, self.limits.max_memory],
        }
        return frame(said)

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> "Places":
        """What `pieces` sent."""
        return cls(
            Path(said["backbones_dir"]), Path(said["genres_dir"]), DecodeLimits(*said["limits"])
        )


def frame(said: dict[str, Any], first: bytes = b"", second: bytes = b"") -> Sequence[bytes]:
    """What is sent, in pieces: no copy is made of a picture."""
    words = json.dumps(said).encode()
    return (HEADER.pack(len(words), len(first), len(second)) + words, first, second)
