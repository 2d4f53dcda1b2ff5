"""What monitors ask: whether Peoria lives, and whether it can do its work."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from aiohttp import web

#: Parts without which posts are still taken, predicted and answered.
_NOT_VITAL = {"training", "due work", "backups"}
#: Headers of a request that came through a proxy.
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
_THIS_MACHINE = ("127.0.0.1", "::1")


class Unwell(Protocol):
    """A part that is not well."""

    @property
    def part(self) -> str:
        """Which one."""

    @property
    def state(self) -> str:
        """``look`` or ``trouble``."""

    @property
    def sentence(self) -> str:
        """What is wrong, and what to do."""


#: Makes the checks; gives every part that is not well.
Readiness = Callable[[], Awaitable[Sequence[Unwell]]]


class Health:
    """GET /livez and /healthz. What they say is what `main.py doctor` says.

    Args:
        readiness: makes the checks.
    """

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    async def handle_live(self, _: web.Request) -> web.Response:
        """GET /livez: 200 while the process answers. Nothing is checked."""
        return web.json_response({"alive": True})

    async def handle_ready(self, request: web.Request) -> web.Response:
        """GET /healthz: ``{"ok": true}``, or ``false`` with the parts that are not well.

        The status is 503 where a part is in trouble that posts need, otherwise 200. Sentences are
        for this machine only: they name folders and what errors said.
        """
        unwell = await self._readiness()
        if not unwell:
            return web.json_response({"ok": True})
        is_near = is_from_this_machine(request)
        parts: dict[str, dict[str, Any]] = {}
        for each in unwell:
            parts[each.part] = {"state": str(each.state)}
            if is_near:
                parts[each.part]["sentence"] = each.sentence
        cannot_work = any(
            str(each.state) == "trouble" and each.part not in _NOT_VITAL for each in unwell
        )
        return web.json_response({"ok": False, "parts": parts}, status=503 if cannot_work else 200)


def is_from_this_machine(request: web.Request) -> bool:
    """Whether a request came from this machine itself, and by no proxy on it."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    forwarded = any(name in request.headers for name in _FORWARDED)
    return peer is not None and peer[0] in _THIS_MACHINE and not forwarded
