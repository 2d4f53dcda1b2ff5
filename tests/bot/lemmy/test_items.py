"""What Lemmy's answers tell of a post."""

from datetime import UTC, datetime

import pytest

from bot.lemmy.items import published, read_view


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("2026-03-01T12:00:00.5Z", datetime(2026, 3, 1, 12, 0, 0, 500_000, UTC)),
        ("2026-03-01T12:00:00", datetime(2026, 3, 1, 12, 0, tzinfo=UTC)),
        ("2026-03-01T12:00:00+02:00", datetime(2026, 3, 1, 10, 0, tzinfo=UTC)),
        ("0001-01-01T00:00:00+02:00", None),
        ("yesterday", None),
        (1772366400, None),
        (None, None),
    ],
)
def test_when_a_post_was_made(said: object, moment: datetime | None) -> None:
    assert published({"post": {"published": said}}) == moment


@pytest.mark.parametrize("number", [True, -7, 10**400, "7", None])
def test_a_post_whose_number_is_none_is_no_post(number: object) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    post = {"id": 7, "name": "A cat", "published": "2026-03-01T00:00:00Z"}
    instance = "https://lemmy.test"
    assert read_view({"post": post}, at, instance, nsfw=False) is not None
    assert read_view({"post": {**post, "id": number}}, at, instance, nsfw=False) is None
