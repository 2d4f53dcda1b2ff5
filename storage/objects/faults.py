"""What an object store says when it does not do what it was asked, as sentences for the operator.

The words of its client are never repeated: they hold addresses with signatures, and the ids of
keys.
"""

import re

_CODE = re.compile(r"<Code>(\w{1,64})</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
#: What object stores say of an object that is not there. Whatever else is not found is a fault: a
#: wrong address must not make every image look deleted.
_NO_OBJECT = {"NoSuchKey", "BlobNotFound"}

_KEYS = (
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for s3, GOOGLE_SERVICE_ACCOUNT for gs,"
    " AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY for az"
)
_WAIT = "It is tried again by itself."
_NO_STORE = ("there is no object store {url}", "Make the bucket, or correct PEORIA_IMAGES_URL.")
_WRONG_CLOCK = (
    "the object store {url} refuses the time of this machine's clock",
    "Set the clock, and let it be kept right (NTP).",
)
_WRONG_KEYS = (
    "the object store {url} does not know the keys that are used",
    f"Correct them: {_KEYS}.",
)
_FORBIDDEN = (
    "the keys may not do this in the object store {url} (403)",
    "Give them the right to list, read, write and delete objects there.",
)
_BUSY = ("the object store {url} is too busy ({status})", _WAIT)
_FAILING = ("the server of the object store {url} fails ({status})", _WAIT)
_NOT_A_STORE = (
    "what answers at the address of the object store {url} is none",
    "Correct its address (AWS_ENDPOINT_URL).",
)
_PLAIN_HTTP = (
    "the address of the object store {url} begins with http://",
    "Set AWS_ALLOW_HTTP=true if that is meant.",
)
_BROKE_OFF = ("an answer of the object store {url} broke off", _WAIT)
_AWAY = (
    "the object store {url} cannot be reached, or is very slow",
    f"Is its server running, and its address right? {_WAIT}",
)
_NO_KEYS = (
    "the keys of the object store {url} are missing",
    f"Set them in the environment: {_KEYS}.",
)
_UNKNOWN = ("the object store {url} failed in a way that is not known", _WAIT)

#: By S3's and Azure's words for an error.
_BY_CODE = {
    "NoSuchBucket": _NO_STORE,
    "ContainerNotFound": _NO_STORE,
    "RequestTimeTooSkewed": _WRONG_CLOCK,
    "RequestExpired": _WRONG_CLOCK,
    "InvalidAccessKeyId": _WRONG_KEYS,
    "SignatureDoesNotMatch": _WRONG_KEYS,
    "ExpiredToken": _WRONG_KEYS,
    "InvalidToken": _WRONG_KEYS,
    "AuthenticationFailed": _WRONG_KEYS,
    "TokenRefreshRequired": _WRONG_KEYS,
}
_BY_STATUS = {401: _WRONG_KEYS, 403: _FORBIDDEN, 404: _NOT_A_STORE, 429: _BUSY, 503: _BUSY}
#: By a part of the client's own words, where no answer came.
_BY_WORDS = {
    "builder error": _PLAIN_HTTP,
    "body error": _BROKE_OFF,
    "error sending request": _AWAY,
    "must be specified": _NO_KEYS,
    "redential": _NO_KEYS,
}


class ObjectStoreFault(OSError):
    """An object store cannot be used now, for a reason that lies outside of the program.

    Nothing is lost by it: what was to be stored waits, as it does while a disk is full.

    Attributes:
        what: the reason, the middle of a sentence; it does not say which object store.
        advice: what the operator does about it, a sentence.
    """

    def __init__(self, what: str, advice: str, *, url: str) -> None:
        said = what.format(url=url)
        super().__init__(f"{said[0].upper()}{said[1:]}. {advice}")
        self.what = self.strerror = what.replace(" {url}", "")
        self.advice = advice


def is_no_object(error: Exception) -> bool:
    """Whether an error says that an object is not there, and nothing worse."""
    return isinstance(error, FileNotFoundError) and _code(error) in _NO_OBJECT


def object_store_fault(error: Exception, url: str) -> ObjectStoreFault:
    """The fault that an error of the client stands for.

    Args:
        error: what the client raised.
        url: of the object store, without secrets.
    """
    status, text = _status(error), str(error)
    found = _BY_CODE.get(_code(error) or "") or _BY_STATUS.get(status or 0)
    if found is None and status is not None and status >= 500:
        found = _FAILING
    if found is None:
        found = next((fault for words, fault in _BY_WORDS.items() if words in text), _UNKNOWN)
    what, advice = found
    return ObjectStoreFault(what.replace("{status}", str(status)), advice, url=url)


def _code(error: Exception) -> str | None:
    found = _CODE.search(str(error))
    return found[1] if found else None


def _status(error: Exception) -> int | None:
    found = _STATUS.search(str(error))
    return int(found[1]) if found else None
