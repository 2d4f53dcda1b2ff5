"""Kinds of settings: what is read, and what is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from bot.settings import Settings


def read(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


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


@pytest.mark.parametrize(
    "near",
    ["http://127.0.0.1:8536", "http://lemmy:8536", "http://[::1]", "http://192.168.1.5/", "http://[fd00::2]:80",
     "http://localhost", "http://nas.local", "http://lemmy.apps.svc.cluster.local", "http://host.docker.internal:80",
     "http://100.64.1.2"],
)  # fmt: skip
def test_a_password_goes_over_http_where_no_stranger_listens(near: str) -> None:
    for name in ("lemmy_instance", "mastodon_instance", "bluesky_service", "reddit_oauth_url"):
        assert getattr(read(**{name: near}), name) == near.rstrip("/")


@pytest.mark.parametrize(
    "far",
    ["http://lemmy.world", "http://8.8.8.8", "http://134744072", "http://0x08080808", "http://",
     "http://lemmy@lemmy.world:80", "http://localhost.example", "http://[2606:4700::1111]",
     "http://lemmy.world.", "http://lemmy\u3002world", "http://lemmy\uff0eworld"],
)  # fmt: skip
def test_a_password_does_not_go_over_the_internet_in_the_open(far: str) -> None:
    with pytest.raises(ValidationError, match="everybody on the way reads a password"):
        read(lemmy_instance=far)
    assert read(lemmy_instance="https://lemmy.world").lemmy_instance == "https://lemmy.world"
