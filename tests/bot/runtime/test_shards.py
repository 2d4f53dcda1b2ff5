"""Shards as people write them."""

import pytest

from bot.runtime.shards import Shards, parse_shards


@pytest.mark.parametrize(
    ("text", "shards"), [("0-3/8", Shards(0, 3, 8)), (" 5/6 ", Shards(5, 5, 6))]
)
def test_shards_are_read(text: str, shards: Shards) -> None:
    assert parse_shards(text) == shards


@pytest.mark.parametrize("text", ["", "3", "4-3/8", "0-8/8", "-1/8", "a/b", "0-3/8/9"])
def test_what_names_no_shards_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        parse_shards(text)
