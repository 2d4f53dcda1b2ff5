"""Whose an object store is: cleaning up deletes what its own database does not know."""

from storage.errors import ExpectedError
from storage.objects.object_store import NoObject, ObjectStore, TooLarge

_KEY = "owner"
_MOST = 256


class OtherOwner(ExpectedError):
    """An object store holds what belongs to another database; the message says what to do."""


def claim(objects: ObjectStore, owner: str) -> None:
    """Make an object store one's own, unless it is already.

    Args:
        objects: the store.
        owner: the same in every process that shares a database, and in no other.

    Raises:
        OtherOwner: it is somebody else's.
        ObjectStoreFault: it cannot be used now.
    """
    try:
        found = objects.read(_KEY, max_bytes=_MOST)
    except NoObject:
        objects.put_new(_KEY, owner.encode())
        # Of two that claim it at once, one is the first.
        found = objects.read(_KEY, max_bytes=_MOST)
    except TooLarge:
        found = b""
    if found != owner.encode():
        raise OtherOwner(
            f"{objects.url} belongs to another Peoria: images that one does not know would be"
            " deleted by the other. Add a prefix of its own to PEORIA_IMAGES_URL. If there is no"
            f" other, since `main.py db rekey` was run here, delete the object {_KEY} in it."
        )
