"""Writing weights as safetensors: a header of JSON, then the numbers; nothing in it can be run.

The format is that of https://github.com/huggingface/safetensors.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def safetensors(arrays: Mapping[str, NDArray[Any]], notes: Mapping[str, str]) -> bytes:
    """The bytes of a file that holds arrays as float32.

    Args:
        arrays: by their names.
        notes: words about them, by name.
    """
    header: dict[str, Any] = {"__metadata__": dict(notes)}
    parts: list[bytes] = []
    at = 0
    for name, array in arrays.items():
        raw = np.ascontiguousarray(array, "<f4").tobytes()
        offsets = [at, at + len(raw)]
        header[name] = {"dtype": "F32", "shape": [*array.shape], "data_offsets": offsets}
        parts.append(raw)
        at += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(parts)
