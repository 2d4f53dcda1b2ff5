"""Lines of the log in JSON are as the page of the docs says."""

import io
import json
import logging
import re
from pathlib import Path

from bot.runtime.log import LINE, JsonFormatter
from bot.runtime.log_context import about
from bot.runtime.repeated_lines import FoldRepeats

PAGE = Path(__file__).parents[3] / "docs" / "tools.md"


def test_the_page_has_every_field_with_its_meaning_in_the_same_order() -> None:
    table = PAGE.read_text("utf-8").partition("## The log")[2].partition("## ")[0]
    assert dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE)) == dict(LINE)


def test_the_first_fields_are_in_every_line() -> None:
    record = logging.LogRecord("bot.jobs", logging.INFO, "", 1, "A line.", None, None)
    assert [*json.loads(JsonFormatter().format(record))] == [*LINE][:6]


def test_a_line_with_a_count_is_not_about_what_is_just_done() -> None:
    written = io.StringIO()
    target = logging.StreamHandler(written)
    target.setFormatter(JsonFormatter())
    fold = FoldRepeats(target)
    record = logging.LogRecord("bot.jobs", logging.INFO, "", 1, "A line.", None, None)
    with about("advance a post", post=1):
        fold.handle(record)
        fold.handle(record)
    with about("advance a post", post=2):
        fold.flush()
    first, count = map(json.loads, written.getvalue().splitlines())
    assert first["post"] == 1
    assert "1 more of this kind" in count["message"]
    assert "post" not in count
