"""Lines of the log in JSON are as the page of the docs says."""

import json
import logging
import re
from pathlib import Path

from bot.runtime.log import LINE, JsonFormatter

PAGE = Path(__file__).parents[3] / "docs" / "tools.md"


def test_the_page_has_every_field_with_its_meaning_in_the_same_order() -> None:
    table = PAGE.read_text("utf-8").partition("## The log")[2].partition("## ")[0]
    assert dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE)) == dict(LINE)


def test_the_first_fields_are_in_every_line() -> None:
    record = logging.LogRecord("bot.jobs", logging.INFO, "", 1, "A line.", None, None)
    assert [*json.loads(JsonFormatter().format(record))] == [*LINE][:6]
