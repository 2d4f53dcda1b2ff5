"""An S3 on 127.0.0.1: moto's server, with faults put before it."""

import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

BUCKET = "pictures"
#: What a client needs to know, as environment variables.
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLEOFATEST",
    "AWS_SECRET_ACCESS_KEY": "a-secret-that-must-not-be-seen",
    "AWS_REGION": "us-east-1",
    "AWS_ALLOW_HTTP": "true",
}

_ERROR = (
    '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>No.</Message>'
    "<AWSAccessKeyId>AKIAEXAMPLEOFATEST</AWSAccessKeyId></Error>"
)


@dataclass
class Fault:
    """What happens to requests instead of what they ask for.

    Attributes:
        method: of the requests; ANY: whatever it is.
        within: a part of their paths.
        times: how many requests; then everything is well again.
        status: they are answered with; None: as without the fault.
        code: S3's word for the error.
        slow: seconds until they are answered.
        cut: whether the answer breaks off in its middle.
        lose: whether they are answered as if they were done, and are not.
        damage: whether the answer's bytes are others.
    """

    method: str
    within: str = ""
    times: int = 1_000_000
    status: int | None = None
    code: str = "SlowDown"
    slow: float = 0.0
    cut: bool = False
    lose: bool = False
    damage: bool = False


@dataclass
class FakeObjectStore:
    """A server, and what it was asked.

    Attributes:
        url: where it listens.
        faults: the first that fits a request happens to it.
        requests: method and path of each request.
    """

    url: str
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a client."""
        return KEYS | {"AWS_ENDPOINT_URL": self.url}

    def reset(self) -> None:
        """Forget all objects, faults and requests; make the bucket anew."""
        self.faults.clear()
        backend = _backend()
        backend.reset()
        backend.create_bucket(BUCKET, "us-east-1")
        self.requests.clear()

    def objects(self) -> dict[str, bytes]:
        """What the bucket holds, by key."""
        return {name: key.value for name, key in _backend().buckets[BUCKET].keys.items()}

    def put(self, key: str, data: bytes) -> None:
        """Put an object there behind the client's back."""
        _backend().put_object(BUCKET, key, data)

    def lose(self, key: str) -> None:
        """Take an object away behind the client's back."""
        _backend().delete_object(BUCKET, key)

    def fault_for(self, method: str, path: str) -> Fault | None:
        """The fault that happens to a request, if any."""
        with self.lock:
            self.requests.append(f"{method} {path}")
            for fault in self.faults:
                if fault.method in (method, "ANY") and fault.within in path and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None


def _backend() -> Any:
    from moto.s3.models import s3_backends

    return s3_backends["123456789012"]["aws"]


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


class _WithFaults:
    def __init__(self, server: FakeObjectStore, app: Callable[..., Any]) -> None:
        self._server = server
        self._app = app

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        fault = self._server.fault_for(request.method, request.full_path)
        if fault is None:
            return self._app(environ, start)  # type: ignore[no-any-return]
        request.get_data(cache=False)
        time.sleep(fault.slow)
        if fault.status is not None:
            body = "" if request.method == "HEAD" else _ERROR.format(code=fault.code)
            return Response(body, fault.status, content_type="application/xml")(environ, start)
        if fault.lose:
            return Response("", 200, headers={"ETag": '"0"'})(environ, start)
        return self._changed(fault, environ, start)

    def _changed(
        self, fault: Fault, environ: dict[str, Any], start: Callable[..., Any]
    ) -> Iterable[bytes]:
        body = b"".join(self._app(environ, start))
        if fault.cut:
            return [body[: len(body) // 2]]
        return [bytes(len(body))] if fault.damage else [body]


@contextmanager
def fake_object_store() -> Iterator[FakeObjectStore]:
    """Serve until the block ends."""
    # Here: it takes a second, and most tests need none of it.
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    found = FakeObjectStore("")
    app = _WithFaults(found, DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        found.reset()
        # The first answer takes seconds: moto imports what it needs.
        urllib.request.urlopen(f"{found.url}/{BUCKET}").close()  # noqa: S310
        found.reset()
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
