"""The page of the API, by which somebody comes from a token to a plot."""

import ast
import asyncio
import os
import sys
from pathlib import Path

from bot.app import App
from tests.bot.web.api.conftest import Program
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import Visitor


async def test_the_program_of_the_page_draws_a_plot(
    program: Program, ann: Visitor, post_id: int, app: App, clock: FakeClock, tmp_path: Path
) -> None:
    assert post_id
    clock.forward(31 * 60)
    await app.jobs.run_due()
    _, page = await ann.page("/api")
    assert 'href="/api/label_plot.py"' in page
    status, text = await ann.page("/api/label_plot.py")
    assert status == 200
    assert f'SITE = "{program.url}"\n' in text
    file = tmp_path / "label_plot.py"
    file.write_text(text)
    process = await asyncio.create_subprocess_exec(
        sys.executable, file, "--out", "hours.png", cwd=tmp_path,
        env=os.environ | {"PEORIA_TOKEN": program.token, "MPLBACKEND": "agg"},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert said.decode() == "1 labels drawn into hours.png\n"
    assert (tmp_path / "hours.png").read_bytes().startswith(b"\x89PNG")


async def test_a_host_name_with_a_backslash_stays_a_text_of_the_program(ann: Visitor) -> None:
    """Whatever comes behind the colon of a host name, which is no port, is taken along."""
    host = "127.0.0.1:\\u0022+evil()+\\"
    async with ann.session.get(ann.url + "/api/label_plot.py", headers={"Host": host}) as answer:
        assert answer.status == 200
        text = await answer.text()
    (line,) = [each for each in text.splitlines() if each.startswith("SITE = ")]
    assert ast.literal_eval(line.removeprefix("SITE = ")) == f"http://{host}"
