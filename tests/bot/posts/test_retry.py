"""Whether something that failed is tried again: pauses grow, and there is an end."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.app import App
from bot.platform import PlatformUnavailable, RequestFailed, RequestRefused
from bot.posts.retry import (
    FEW_TRIES,
    MAX_TRIES,
    change_pause,
    next_try,
    settle_pause,
    wait_after,
)
from storage.tables import Post
from storage.types import PlatformName, PostState
from tests.fakes.clock import FakeClock
from tests.fakes.platform import HORIZON, incoming

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAYS = timedelta(days=7)
ERRORS = st.sampled_from(
    [
        PlatformUnavailable("away"),
        PlatformUnavailable("limited", timedelta(seconds=30)),
        RequestFailed("odd"),
        RequestRefused("no"),
        KeyError("ours"),
    ]
)


@given(ERRORS, st.sampled_from([wait_after, settle_pause, change_pause]))
def test_everything_that_is_tried_again_ends(error: Exception, pause: object) -> None:
    now, tries = NOW, 0
    pauses = []
    while True:
        again = next_try(error, tries, now=now, until=NOW + DAYS, pause=pause(tries))  # type: ignore[operator]
        if again is None:
            break
        assert again >= now
        pauses.append(again - now)
        now, tries = again, tries + 1
        assert tries < 30_000
    if not isinstance(error, PlatformUnavailable) or error.retry_after is None:
        assert pauses == sorted(pauses), "they grow"
        assert len(pauses) < 200
    if isinstance(error, RequestRefused):
        assert pauses == []
    elif not isinstance(error, PlatformUnavailable):
        assert len(pauses) == FEW_TRIES - 1
    else:
        assert now >= NOW + DAYS


@given(st.integers(-5, 10**6))
def test_pauses_are_bounded(tries: int) -> None:
    assert timedelta(seconds=15) <= wait_after(tries) <= wait_after(MAX_TRIES)
    assert settle_pause(tries) <= timedelta(hours=5)


async def test_one_fault_ends_no_post_whose_score_is_final_already(
    app: App, clock: FakeClock
) -> None:
    """The database may be away for a moment; a fault that stays ends the post all the same."""
    post = incoming("a", "https://pictures.example/a.png", posted_at=clock())
    post_id = await app.pipeline.accept(PlatformName.REDDIT, post)
    assert post_id is not None
    clock.forward(HORIZON + 1)
    states = []
    for _ in range(MAX_TRIES):
        await app.pipeline.retry_after_fault(post_id, ConnectionResetError())
        async with app.core.database.read() as session:
            states.append((await session.get_one(Post, post_id)).state)
    assert states == [PostState.SEEN] * (MAX_TRIES - 1) + [PostState.REFUSED]
