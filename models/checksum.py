"""A file's content together with its checksum: what was checked is what is used."""

import hashlib
from pathlib import Path


def read_with_sha256(path: Path) -> tuple[bytes, str]:
    """What is in a file, and the SHA-256 of that, hexadecimal.

    Raises:
        OSError: it is missing or cannot be read.
    """
    content = path.read_bytes()
    return content, hashlib.sha256(content).hexdigest()
