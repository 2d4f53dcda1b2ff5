"""What people delete on Reddit is deleted here."""

from typing import Any

import pytest
from sqlalchemy import select

from bot.operations.deletion_findings import deletion_findings
from bot.people.deletion_rounds import round_state
from bot.reddit.deletions import is_forgotten
from storage.tables import Embedding, Image, PostImage
from storage.types import PlatformName, PostState
from tests.bot.reddit.conftest import Bot, OpenBot
from tests.fakes.reddit import FakeReddit

HOUR = 3600


async def pictures(bot: Bot, name: str) -> tuple[int, int]:
    """How many files and embeddings there are of a post."""
    async with bot.app.core.database.read() as session:
        post = await bot.post(name)
        assert post is not None
        ids = [*await session.scalars(select(PostImage.image_id).filter_by(post_id=post.id))]
        images = [*await session.scalars(select(Image).where(Image.id.in_(ids)))]
        vectors = [*await session.scalars(select(Embedding).where(Embedding.image_id.in_(ids)))]
    store = bot.app.core.images
    files = [each for each in images if store.path(each.sha256).is_file()]
    return len(files), len(vectors)


async def test_deleted_posts_and_accounts_are_forgotten_within_a_day(
    start: OpenBot, reddit: FakeReddit, clock: Any
) -> None:
    deleted, anonymous, kept, removed = (reddit.post("aww", f"Cat {n}") for n in range(4))
    shared = reddit.post("aww", "The same picture", url_overridden_by_dest=deleted["url"])
    async with start() as bot:
        await bot.tick()
        assert await pictures(bot, deleted["name"]) == (1, 1)
        reddit.delete(anonymous["name"])
        anonymous.update(removed_by_category=None, selftext="", author="[deleted]")
        reddit.remove(removed["name"])
        clock.forward(26 * HOUR)
        await bot.tick()
        # It has its label by now.
        reddit.delete(deleted["name"])
        clock.forward(24 * HOUR)
        await bot.tick()
    async with start() as bot:
        clock.forward(HOUR)
        await bot.tick()
        for each in (deleted, anonymous):
            post = await bot.post(each["name"])
            assert post is not None
            assert (post.title, post.link, post.author_id) == ("", None, None)
            assert post.hidden_at is not None
        post = await bot.post(deleted["name"])
        assert post is not None
        assert post.state not in (PostState.WITHDRAWN, PostState.REFUSED), "its label stays"
        assert await pictures(bot, anonymous["name"]) == (0, 0)
        assert await pictures(bot, shared["name"]) == (1, 1), "another post shows it, too"
        for each in (kept, removed, shared):
            post = await bot.post(each["name"])
            assert post is not None
            assert post.title == each["title"]
        async with bot.app.core.database.read() as session:
            state = await session.run_sync(round_state, PlatformName.REDDIT)
            (finding,) = await session.run_sync(deletion_findings, clock())
        assert state.forgotten == 2
        assert "2 of 5 posts of Reddit were deleted there" in finding.sentence


@pytest.mark.parametrize(
    ("item", "forgotten"),
    [
        ({"author": "[deleted]"}, True),
        ({"author": "ann", "removed_by_category": "deleted"}, True),
        ({"author": "ann", "removed_by_category": "moderator"}, False),
        # An answer that leaves things out says nothing.
        ({"author": None}, False),
        ({"author": ""}, False),
        ({}, False),
    ],
)
def test_only_what_reddit_says_is_deleted_is_forgotten(
    item: dict[str, Any], forgotten: bool
) -> None:
    assert is_forgotten(item) is forgotten
