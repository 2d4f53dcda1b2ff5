import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.bot.cli.conftest import Peoria
from tests.fakes.clock import FakeClock
from tests.fakes.reddit import CLIENT, PASSWORD, REFRESH_TOKEN, FakeReddit, serving_apart
from tests.fakes.reddit.world import ME

DAY = 24 * 3600


@pytest.fixture
def reddit(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeReddit]:
    """A loopback Reddit that the settings lead to."""
    fake = FakeReddit(clock)
    fake.subreddit("aww")
    with serving_apart(fake) as origin:
        for name, value in {
            "REDDIT_URL": origin,
            "REDDIT_OAUTH_URL": origin,
            "REDDIT_CLIENT_ID": CLIENT[0],
            "REDDIT_CLIENT_SECRET": CLIENT[1],
            "REDDIT_USERNAME": ME,
            "REDDIT_PASSWORD": PASSWORD,
            "REDDIT_SUBREDDITS": "aww",
            "DOWNLOAD_ALLOW_HOSTS": "127.0.0.1",
        }.items():
            monkeypatch.setenv(f"PEORIA_{name}", value)
        yield fake


def test_check_says_what_works(peoria: Peoria, reddit: FakeReddit) -> None:
    reddit.remaining = 97
    reddit.post("aww")
    answer = peoria("reddit", "check")
    assert answer.status == 0
    assert answer.out.splitlines() == [
        "ok   credentials  Signed in as u/peoria_bot.",
        "ok   scopes       All.",
        "ok   r/aww        Readable, 1 posts on the first page.",
        "ok   rate limit   93 requests left for the next 600 s.",
        "ok   replies      Off: nothing is written (PEORIA_REDDIT_REPLY).",
    ]
    assert [path for method, path in reddit.requests if method == "POST"] == [
        "/api/v1/access_token"
    ]
    (agent,) = reddit.agents
    assert agent.startswith(f"python:peoria:0.2 (by /u/{ME})")


def test_check_says_what_does_not(
    peoria: Peoria, reddit: FakeReddit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEORIA_REDDIT_REFRESH_TOKEN", REFRESH_TOKEN)
    monkeypatch.setenv("PEORIA_REDDIT_REPLY", "on")
    monkeypatch.setenv("PEORIA_REDDIT_SUBREDDITS", "aww, nowhere, secret, closed, quiet")
    monkeypatch.setenv("PEORIA_REDDIT_DENY", "quiet")
    reddit.scopes = "identity read submit"
    reddit.subreddit("secret").private = True
    reddit.subreddit("closed").banned = True
    answer = peoria("reddit", "check", "--json")
    assert answer.status == 1
    found = {each["what"]: (each["ok"], each["text"]) for each in answer.data}
    assert found["scopes"][0] is False
    assert "lacks edit, history, privatemessages" in found["scopes"][1]
    assert found["r/aww"][0] is True
    assert found["r/nowhere"] == (False, "There is no such subreddit.")
    assert found["r/secret"][0] is False
    assert "private" in found["r/secret"][1]
    assert "banned" in found["r/closed"][1]
    assert found["r/quiet"] == (True, "Left alone: it is in PEORIA_REDDIT_DENY.")
    assert found["rate limit"] == (None, "Reddit did not send it.")
    assert found["replies"][1] == "On: at most 10 an hour and subreddit."


def test_check_with_a_wrong_password(
    peoria: Peoria, reddit: FakeReddit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEORIA_REDDIT_PASSWORD", "hunter3")
    answer = peoria("reddit", "check")
    assert answer.status == 1
    assert answer.out.startswith("NO   credentials  Reddit does not let this account in")
    assert "hunter" not in answer.out + answer.err


def test_check_without_credentials(
    peoria: Peoria, reddit: FakeReddit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PEORIA_REDDIT_CLIENT_ID")
    assert peoria("reddit", "check").sentence == (
        "Reddit needs an app: type it in on the page /admin/setup, or set PEORIA_REDDIT_CLIENT_ID;"
        " docs/reddit.md says how."
    )


def test_backfill_imports_the_past_once(
    peoria: Peoria, reddit: FakeReddit, data_dir: Path, clock: FakeClock
) -> None:
    for number in range(130):
        reddit.post("aww", f"Cat {number}", score=number, author=f"person{number % 7}")
        clock.forward(60)
    reddit.post("aww", "A film", is_video=True)
    answer = peoria("reddit", "backfill", "r/AWW", "--limit", "120")
    assert answer.status == 0, answer.err
    assert answer.out.splitlines() == [
        "Imported 119 posts of r/aww (0 were there already); 119 labels written, 3 requests made.",
        "Left out 1: video.",
        "`main.py train` makes a model version from them.",
    ]
    again = peoria("reddit", "backfill", "aww", "--json")
    assert (again.data["imported"], again.data["already_there"]) == (11, 119)
    assert again.data["labelled"] == 11
    with closing(sqlite3.connect(data_dir / "peoria.db")) as stored:
        rows = stored.execute(
            "SELECT posts.title, labels.score, communities.source_id FROM posts"
            " JOIN labels ON labels.post_id = posts.id"
            " JOIN communities ON communities.id = posts.community_id ORDER BY posts.posted_at"
        ).fetchall()
    assert rows == [(f"Cat {number}", number, "aww") for number in range(130)]


def test_backfill_takes_the_top_posts_first(peoria: Peoria, reddit: FakeReddit) -> None:
    for score in (5, 900, 40):
        reddit.post("aww", score=score)
    answer = peoria("reddit", "backfill", "aww", "--listing", "top", "--limit", "1", "--json")
    assert answer.data["imported"] == 1
    assert reddit.counted()["/r/aww/top"] == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["r/no-such name"], "say r/NAME"),
        (["aww", "--listing", "hot"], "say new or top"),
        (["aww", "--limit", "0"], "greater than or equal to 1"),
    ],
)
def test_backfill_refuses_what_it_cannot_do(
    peoria: Peoria, reddit: FakeReddit, arguments: list[str], complaint: str
) -> None:
    answer = peoria("reddit", "backfill", *arguments)
    assert answer.status == 2
    assert complaint in answer.err


def test_backfill_of_a_subreddit_that_is_not_there(peoria: Peoria, reddit: FakeReddit) -> None:
    answer = peoria("reddit", "backfill", "nowhere")
    assert answer.status == 1
    assert answer.err.splitlines()[-1] == "There is no such subreddit on Reddit."
