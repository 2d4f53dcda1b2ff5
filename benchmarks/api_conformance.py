"""Holds the API against its own OpenAPI document, with requests that it allows and forbids.

    python -m benchmarks.api_conformance [--cases 5000 | --short] [--seed 1]

A board with a few posts runs in this process. Schemathesis makes requests out of the document: by
examples, at every bound, at random, and in sequences; and looks at each answer: status and headers
that the document names, a body of its schema, no fault of the server, nothing forbidden accepted,
nothing without a token. The last line is JSON; the exit status is 1 where something fails.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bot.app import App, build, running
from bot.core import open_core
from bot.platform import CommunityRef, IncomingPost
from bot.settings import Settings
from bot.web.api.tokens import Scope, create_token
from bot.web.platform import WebPlatform
from bot.web.services import COMMUNITY
from storage.types import PlatformName
from tests.fixtures.images import encode, photo

#: Operations of the API, as many as share the cases.
_OPERATIONS = 15
#: Random bytes are no picture, and a random address leads nowhere: 422 is right there.
_CONFIG = """
[checks]
positive_data_acceptance.expected-statuses = [200, 201, 400, 401, 403, 404, 409, 422]
"""


async def main() -> int:
    """Run, print, and say whether everything held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=5000, help="at least so many requests")
    parser.add_argument("--short", action="store_true", help="150 random requests, every bound")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    cases = 150 if arguments.short else arguments.cases
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]
            data_dir=folder / "data",
            web_port=0,
            board_horizon_minutes=0.05,
            scores_to_compare=1,
            api_requests_a_minute=10**6,
            api_pictures_a_minute=10**6,
            web_posts_a_day=10**6,
        )
        async with open_core(settings) as core:
            app = build(core)
            board = app.platforms[PlatformName.WEB]
            assert isinstance(board, WebPlatform)
            async with core.database.write() as session:
                made = await session.run_sync(
                    create_token, "conformance", list(Scope), now=core.clock(), days=1
                )
            async with running(app):
                for number in range(3):
                    await _post(app, number)
                status, found = await _schemathesis(
                    board.url, made.text, folder, cases, arguments.seed, short=arguments.short
                )
    found["seconds"] = round(time.perf_counter() - began, 1)
    print(json.dumps(found))
    return status


async def _post(app: App, number: int) -> None:
    incoming = IncomingPost(
        community=CommunityRef(COMMUNITY, app.core.settings.board_name),
        source_id=f"conformance-{number}",
        author=f"person {number}",
        title=f"Post {number}",
        posted_at=app.core.clock(),
        images=[encode(photo(96 + number), "PNG")],
    )
    post_id = await app.pipeline.accept(PlatformName.WEB, incoming)
    assert post_id is not None
    await app.pipeline.advance(post_id)


async def _schemathesis(
    url: str, token: str, folder: Path, cases: int, seed: int, *, short: bool
) -> tuple[int, dict[str, Any]]:
    (folder / "schemathesis.toml").write_text(_CONFIG)
    report = folder / "report.ndjson"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run",
        f"{url}api/v1/openapi.json", "--header", f"Authorization: Bearer {token}",
        "--max-examples", str(max(cases // _OPERATIONS, 1)), "--seed", str(seed),
        # A busy machine is no fault of the API's.
        "--request-timeout", "60", "--generation-database", "none", "--continue-on-failure",
        "--no-color", "--phases", "coverage,fuzzing" if short else "coverage,fuzzing,stateful",
        "--report", "ndjson", "--report-ndjson-path", str(report),
        cwd=folder, env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    status = await process.wait()
    sent = report.read_text("utf-8").count('"status_code"') if report.is_file() else 0
    return status, {"holds": status == 0, "requests": sent}


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
