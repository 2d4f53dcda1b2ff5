"""Shards as people write them."""

import pytest

from bot.runtime.shards import Shards, parse_shards, shard_choices


@pytest.mark.parametrize(
    ("text", "shards"), [("0-3/8", Shards(0, 3, 8)), (" 5/6 ", Shards(5, 5, 6))]
)
def test_shards_are_read(text: str, shards: Shards) -> None:
    assert parse_shards(text) == shards


@pytest.mark.parametrize("text", ["", "3", "4-3/8", "0-8/8", "-1/8", "a/b", "0-3/8/9"])
def test_what_names_no_shards_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        parse_shards(text)


def test_how_many_shards_are_wanted_leaves_a_choice() -> None:
    assert shard_choices("0-3/8") == (Shards(0, 3, 8),)
    assert shard_choices(" 4 of 8") == (Shards(0, 3, 8), Shards(4, 7, 8))
    assert shard_choices("2 of 5") == (Shards(0, 1, 5), Shards(2, 3, 5), Shards(4, 4, 5))
    for wrong in ("0 of 8", "9 of 8", "4 of", "four of 8"):
        with pytest.raises(ValueError, match="must"):
            shard_choices(wrong)
