"""The objects of an object store: written, read, listed and deleted, each call within bounds."""

import errno
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from storage.errors import ExpectedError
from storage.objects.faults import ObjectStoreFault, is_no_object, object_store_fault

#: Bytes that are read at a time.
_CHUNK = 2**20
#: Where servers are.
_ADDRESSES = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT", "AZURE_STORAGE_ENDPOINT")
_ADDRESS = re.compile(r"https?://[^/\s]")
#: What has to be set for plain HTTP, as the clients of each kind of object store call it.
_ALLOW_HTTP = ("AWS_ALLOW_HTTP", "AZURE_ALLOW_HTTP", "GOOGLE_ALLOW_HTTP")


class ObjectsMissing(ExpectedError):
    """The extra `objects` is not installed; the message says how to install it."""


class NoObject(FileNotFoundError):
    """There is no object with this key; the object store is there."""


class TooLarge(ValueError):
    """An object has more bytes than may be read."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an object store is waited for, and how often it is asked again.

    Attributes:
        seconds: longest time of one request.
        tries_again: after a request that failed in a way that may pass (5xx, connection lost).
        first_pause: before the second request, seconds; each pause is twice the one before.
        longest_pause: seconds.
    """

    seconds: float = 30.0
    tries_again: int = 4
    first_pause: float = 0.2
    longest_pause: float = 5.0


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object: its key, its size in bytes, and when it was written (aware)."""

    key: str
    size: int
    modified: datetime


class ObjectStore:
    """An object store, or a part of one that begins with a prefix. May be used by several threads.

    Every method raises `ObjectStoreFault` where the object store cannot be used. Requests that fail
    in a way that may pass are sent again, with growing pauses.

    Args:
        url: ``s3://BUCKET/PREFIX``, ``gs://…`` or ``az://…``; keys are in the environment.
        patience: how long it is waited for.

    Raises:
        ObjectsMissing: the extra is not installed.
        ObjectStoreFault: keys are missing, or the URL cannot be used.
    """

    def __init__(self, url: str, *, patience: Patience | None = None) -> None:
        if find_spec("obstore") is None:
            raise ObjectsMissing(
                f"Images in {url} need the extra `objects`: `make install EXTRAS=objects`"
                " installs it."
            )
        self.url = url
        self.patience = patience or Patience()
        with self._faults():
            # Of a package that may not be installed.
            self._store: Any = _open(url, self.patience)

    def put_new(self, key: str, data: bytes) -> bool:
        """Write an object unless there is one with this key; False: there is one."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        with self._faults():
            try:
                # A part upload cannot be conditional.
                obstore.put(self._store, key, data, mode="create", use_multipart=False)
            except (AlreadyExistsError, PreconditionError):
                return False
        return True

    def put(self, key: str, data: bytes | Path, *, content_type: str | None = None) -> None:
        """Write an object, whatever was there before; a large file is read and sent in parts."""
        import obstore

        attributes = {"Content-Type": content_type} if content_type else {}
        with self._faults():
            obstore.put(self._store, key, data, attributes=attributes)

    def read(self, key: str, *, max_bytes: int) -> bytes:
        """The bytes of an object.

        Raises:
            NoObject: there is none.
            TooLarge: it has more than ``max_bytes``; no more than these were read.
        """
        return b"".join(self._chunks(key, max_bytes))

    def read_into(self, key: str, file: IO[bytes], *, max_bytes: int) -> str:
        """Write an object's bytes to ``file``; return their SHA-256. Raises as `read`."""
        digest = hashlib.sha256()
        for chunk in self._chunks(key, max_bytes):
            digest.update(chunk)
            file.write(chunk)
        return digest.hexdigest()

    def find(self, key: str) -> StoredObject | None:
        """What is known of an object without reading it; None: there is none."""
        import obstore

        with self._faults():
            try:
                meta = obstore.head(self._store, key)
            except FileNotFoundError:
                # Such an answer has no words that tell a missing object from a missing bucket.
                return None
        return StoredObject(meta["path"], meta["size"], meta["last_modified"])

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """The objects whose keys begin with ``prefix`` and a slash."""
        import obstore

        with self._faults():
            for chunk in obstore.list(self._store, prefix):
                for meta in chunk:
                    yield StoredObject(meta["path"], meta["size"], meta["last_modified"])

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; nothing happens where there are none."""
        import obstore

        with self._faults():
            try:
                obstore.delete(self._store, keys)
            except FileNotFoundError as error:
                if not is_no_object(error):
                    raise

    def sign(self, key: str, *, seconds: float) -> str:
        """A URL that lets whoever has it read an object for a while. It is a secret."""
        import obstore

        with self._faults():
            return str(obstore.sign(self._store, "GET", key, timedelta(seconds=seconds)))

    def _chunks(self, key: str, max_bytes: int) -> Iterator[bytes]:
        import obstore

        with self._faults():
            try:
                found = obstore.get(self._store, key)
            except FileNotFoundError as error:
                if is_no_object(error):
                    raise NoObject(errno.ENOENT, "there is no such object", key) from None
                raise
            size = found.meta["size"]
            if size > max_bytes:
                raise TooLarge(f"{size:,} bytes are more than {max_bytes:,}")
            got = 0
            for chunk in found.stream(min_chunk_size=_CHUNK):
                got += len(chunk)
                if got > max_bytes:
                    raise TooLarge(f"more than {max_bytes:,} bytes came")
                yield bytes(chunk)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Say what the client's errors mean, without its words: they may hold secrets."""
        from obstore.exceptions import BaseError

        try:
            yield
        except NoObject:
            raise
        except FileNotFoundError as error:
            raise object_store_fault(error, self.url) from None
        except BaseError as error:
            raise object_store_fault(error, self.url) from None
        except BaseException as error:
            # The client's own faults stop nothing else: they are no `Exception`.
            if type(error).__module__ != "pyo3_runtime":
                raise
            raise object_store_fault(RuntimeError("panic"), self.url) from None


def _check_addresses(url: str) -> None:
    """Refuse addresses that the client would break over."""
    for name in _ADDRESSES:
        value = os.environ.get(name)
        if value is not None and not _ADDRESS.match(value):
            raise ObjectStoreFault(
                f"what {name} says is no address of the object store {{url}}",
                "It begins with https:// and a host, or is not set at all.",
                url=url,
            )


def _open(url: str, patience: Patience) -> Any:
    from obstore.store import AzureStore, GCSStore, S3Store

    client: Any = {
        "timeout": timedelta(seconds=patience.seconds),
        "connect_timeout": timedelta(seconds=min(5.0, patience.seconds)),
        "allow_http": any(os.environ.get(name, "").lower() == "true" for name in _ALLOW_HTTP),
    }
    retry: Any = {
        "max_retries": patience.tries_again,
        "retry_timeout": timedelta(seconds=patience.seconds),
        "backoff": {
            "init_backoff": timedelta(seconds=patience.first_pause),
            "max_backoff": timedelta(seconds=patience.longest_pause),
            "base": 2,
        },
    }
    _check_addresses(url)
    kind = url.partition("://")[0]
    if kind == "s3":
        return S3Store.from_url(url, client_options=client, retry_config=retry)
    if kind == "gs":
        return GCSStore.from_url(url, client_options=client, retry_config=retry)
    return AzureStore.from_url(url, client_options=client, retry_config=retry)
