"""What a monitor asks: whether Peoria runs, and which of its parts does not."""

from typing import Any

from aiohttp import web

from bot.service_states import ServiceStates


class Health:
    """GET /healthz: always 200 while the process answers."""

    def __init__(self, services: ServiceStates) -> None:
        self._services = services

    async def handle(self, _: web.Request) -> web.Response:
        """``{"ok": true}``, or ``false`` with the parts that do not run under ``services``."""
        not_running = self._services.not_running
        answer: dict[str, Any] = {"ok": not not_running}
        if not_running:
            answer["services"] = {
                name: {"state": state.value, "error": error}
                for name, (state, error) in not_running.items()
            }
        return web.json_response(answer)
