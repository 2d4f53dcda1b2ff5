"""What is a post, and why the rest is not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.platform import CommunityRef, IncomingPost, ScoreUnknown
from bot.reddit.items import Rules, Skip, read_item
from bot.reddit.score_reader import read_score
from tests.fakes.clock import START, FakeClock
from tests.fakes.reddit import FakeReddit
from tests.fakes.reddit.world import gallery

AWW = CommunityRef("aww", "r/aww")
RULES = Rules(timedelta(hours=6))


def item(**changes: Any) -> dict[str, Any]:
    fake = FakeReddit(FakeClock())
    fake.origin = "https://i.redd.it"
    return fake.post("aww", **changes)


def read(rules: Rules = RULES, **changes: Any) -> IncomingPost | Skip:
    return read_item(item(**changes), AWW, rules, START)


def images(**changes: Any) -> list[str]:
    taken = read(**changes)
    assert isinstance(taken, IncomingPost), taken
    return [str(image) for image in taken.images]


def test_an_image_is_a_post() -> None:
    shown = item(title="A cat")
    taken = read_item(shown, AWW, RULES, START + timedelta(minutes=5))
    assert taken == IncomingPost(
        community=AWW,
        source_id=shown["name"],
        author="ann",
        title="A cat",
        posted_at=START,
        images=(shown["url"],),
        link=f"https://www.reddit.com/comments/{shown['id']}/",
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"stickied": True}, Skip.STICKIED),
        ({"pinned": True}, Skip.STICKIED),
        ({"locked": True}, Skip.LOCKED),
        ({"archived": True}, Skip.LOCKED),
        ({"removed_by_category": "moderator"}, Skip.REMOVED),
        ({"removed_by_category": "automod_filtered"}, Skip.REMOVED),
        ({"removed": True}, Skip.REMOVED),
        ({"spam": True}, Skip.REMOVED),
        ({"selftext": "[removed]"}, Skip.REMOVED),
        ({"removed_by_category": "deleted"}, Skip.DELETED),
        ({"author": None}, Skip.DELETED),
        ({"author": "[deleted]"}, Skip.DELETED),
        ({"over_18": True}, Skip.NSFW),
        ({"crosspost_parent": "t3_1"}, Skip.CROSSPOST),
        ({"is_video": True}, Skip.VIDEO),
        ({"post_hint": "hosted:video"}, Skip.VIDEO),
        ({"post_hint": "rich:video"}, Skip.VIDEO),
        ({"domain": "v.redd.it"}, Skip.VIDEO),
        ({"is_self": True}, Skip.TEXT),
        ({"created_utc": START.timestamp() - 7 * 3600}, Skip.TOO_OLD),
        ({"post_hint": "link", "url_overridden_by_dest": "https://a.example/", "preview": None},
         Skip.NO_IMAGE),
        ({"name": "t1_abc"}, Skip.UNREADABLE),
        ({"name": "t3_../etc"}, Skip.UNREADABLE),
        ({"name": 7}, Skip.UNREADABLE),
        ({"title": None}, Skip.UNREADABLE),
        ({"created_utc": None}, Skip.UNREADABLE),
        ({"created_utc": float("nan")}, Skip.UNREADABLE),
        ({"created_utc": 1e300}, Skip.UNREADABLE),
        ({"created_utc": True}, Skip.UNREADABLE),
    ],
)  # fmt: skip
def test_what_is_skipped(changes: dict[str, Any], reason: Skip) -> None:
    assert read(**changes) is reason


def test_flair_is_words_of_the_title_where_that_is_wanted() -> None:
    shown = item(title="A cat", link_flair_text="  Original \n content ")
    for rules, title in (
        (RULES, "A cat"),
        (Rules(RULES.max_age, flair=True), "A cat [Original content]"),
    ):
        taken = read_item(shown, AWW, rules, START)
        assert isinstance(taken, IncomingPost)
        assert taken.title == title


def test_a_hidden_score_is_not_known() -> None:
    assert read_score(item(hide_score=True, score=1), START) == ScoreUnknown()


def test_what_may_be_allowed() -> None:
    assert isinstance(read(Rules(timedelta(hours=6), nsfw=True), over_18=True), IncomingPost)


def test_a_cross_post_shows_what_its_parent_shows() -> None:
    rules = Rules(timedelta(hours=6), crossposts=True)
    parent = item()
    taken = read(
        rules,
        crosspost_parent=parent["name"],
        crosspost_parent_list=[parent],
        url_overridden_by_dest="/r/aww/comments/1/",
        post_hint=None,
        preview=None,
    )
    assert isinstance(taken, IncomingPost)
    assert taken.images == (parent["url"],)
    film = item(is_video=True)
    skipped = read(rules, crosspost_parent=film["name"], crosspost_parent_list=[film])
    assert skipped is Skip.VIDEO


def test_a_gallery_gives_each_image_in_its_order() -> None:
    shown = gallery("https://i.example", "b", "a", "c")
    shown["media_metadata"]["a"] = {"status": "unprocessed"}
    shown["media_metadata"]["c"]["s"] = {"gif": "https://i.example/c.gif", "x": 1, "y": 1}
    assert images(**shown) == ["https://i.example/img/b.png", "https://i.example/c.gif"]


def test_a_gallery_that_is_not_ready_has_no_image_yet() -> None:
    shown = gallery("https://i.example", "a")
    shown["media_metadata"]["a"]["status"] = "unprocessed"
    assert read(**shown) is Skip.NO_IMAGE
    assert read(**{**shown, "media_metadata": None}) is Skip.NO_IMAGE
    assert read(**{**shown, "gallery_data": None}) is Skip.NO_IMAGE


def test_a_link_gives_its_preview() -> None:
    preview = {"images": [{"source": {"url": "https://external-preview.redd.it/x.jpeg?s=1"}}]}
    link = {"post_hint": "link", "url_overridden_by_dest": "https://news.example/story"}
    assert images(**link, preview=preview) == ["https://external-preview.redd.it/x.jpeg?s=1"]
    for broken in ({"images": []}, {"images": None}, [], "x", {"images": [{"source": 3}]}):
        assert read(**link, preview=broken) is Skip.NO_IMAGE


def test_a_link_to_an_image_elsewhere_is_an_image() -> None:
    url = "https://i.imgur.com/abc.JPG?1"
    assert images(post_hint=None, url_overridden_by_dest=url, preview=None) == [url]
    for other in ("javascript:alert(1).png", "file:///etc/x.png", "http://[::1/x.png"):
        changes = {"post_hint": None, "url_overridden_by_dest": other, "preview": None}
        assert read(**changes) is Skip.NO_IMAGE


def test_a_clock_that_is_ahead_is_taken_for_now() -> None:
    taken = read(created_utc=START.timestamp() + 90)
    assert isinstance(taken, IncomingPost)
    assert taken.posted_at == START


def test_what_no_database_can_hold_is_replaced() -> None:
    taken = read(title="half \ud83d and \0 nothing")
    assert isinstance(taken, IncomingPost)
    assert taken.title == "half ? and \ufffd nothing"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
FIELDS = sorted({*item(), *gallery("https://i.example", "a"), "crosspost_parent_list", "removed"})


@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6), st.booleans())
def test_nothing_that_reddit_says_is_too_strange(changes: dict[str, Any], is_gallery: bool) -> None:
    shown = item(**(gallery("https://i.example", "a", "b") if is_gallery else {}))
    rules = Rules(timedelta(days=40_000), nsfw=True, crossposts=True)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    taken = read_item({**shown, **changes}, AWW, rules, now)
    read_score({**shown, **changes}, now)
    if isinstance(taken, IncomingPost):
        assert taken.posted_at <= now
        assert all(str(image).startswith(("http://", "https://")) for image in taken.images)
        assert 0 < len(taken.images) <= 20
        taken.title.encode()
