"""Kinds of settings: what is read, and what is refused."""

import pytest
from pydantic import ValidationError

from bot.settings import Settings


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("aww, r/pics,/r/memes/", ("aww", "pics", "memes")),
        ("AWW,aww", ("AWW",)),
        ("https://www.reddit.com/r/aww/,old.reddit.com/r/pics", ("aww", "pics")),
        ("R/aww,https://www.reddit.com/r/pics/new/?f=x", ("aww", "pics")),
        ("u/some-name,u_other_name-with-20-c", ("u_some-name", "u_other_name-with-20-c")),
        ("allaww,popularmemes", ("allaww", "popularmemes")),
    ],
)
def test_subreddits_are_read_however_they_are_named(given: str, read: tuple[str, ...]) -> None:
    assert Settings(_env_file=None, reddit_subreddits=given).reddit_subreddits == read  # type: ignore[call-arg, arg-type]


@pytest.mark.parametrize(
    "given",
    ["all", "r/popular", "R/ALL", "r/top", "user/me", "Mod", "friends", "aww+pics", "all-aww",
     "user/ann/m/fun", "me/m/fun", "/r/random/", "dashboard", "https://www.reddit.com/r/all/"],
)  # fmt: skip
def test_feeds_are_no_communities(given: str) -> None:
    with pytest.raises(ValidationError, match="holds a feed"):
        Settings(_env_file=None, reddit_subreddits=f"aww,{given}")  # type: ignore[call-arg, arg-type]
