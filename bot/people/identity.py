"""People are stored as keyed hashes: the same person is recognised, but cannot be named."""

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from storage.types import PlatformName

KEY_FILE = "people.key"


def read_key(data_dir: Path, configured: SecretStr | None) -> bytes:
    """The key of the hashes: the configured one, else one made at the first start.

    Raises:
        OSError: the data folder cannot be written.
    """
    key = find_key(data_dir, configured)
    if key is None:
        data_dir.mkdir(parents=True, exist_ok=True)
        _make_key(data_dir / KEY_FILE)
        key = (data_dir / KEY_FILE).read_bytes().strip()
    return key


def find_key(data_dir: Path, configured: SecretStr | None) -> bytes | None:
    """The key of the hashes that is set or stored; None: there is none yet.

    Raises:
        OSError: the file cannot be read.
    """
    if configured is not None:
        return configured.get_secret_value().encode()
    with contextlib.suppress(FileNotFoundError):
        # An empty one, of a disk that was full, is none.
        return (data_dir / KEY_FILE).read_bytes().strip() or None
    return None


def _make_key(path: Path) -> None:
    temporary = path.with_name(f".{KEY_FILE}-{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        if path.is_file() and not path.read_bytes().strip():
            path.unlink(missing_ok=True)
        # A link fails where the file exists: two processes that start at once use the same key.
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def hash_person(key: bytes, platform: PlatformName, source_id: str) -> str:
    """The keyed hash of a person's id on one platform, 64 hexadecimal digits.

    The platform is part of it, so that one person's identities on two platforms never meet.
    """
    message = f"{platform.value}:{source_id}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()
