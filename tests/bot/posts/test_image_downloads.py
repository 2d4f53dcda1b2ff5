"""The images of a post: downloaded once, asked for again where they are away, or refused."""

from datetime import timedelta

import pytest

from bot.app import App
from bot.posts.retry import MAX_TRIES
from bot.runtime.download import DownloadFailed, DownloadRefused, ImageAbsent
from bot.serving.phrases import refusal_sentence
from models.decoding import ImageUnread
from storage.types import PostRefusal, PostState
from tests.fakes.clock import FakeClock
from tests.fakes.downloads import Downloads
from tests.fixtures import images
from tests.fixtures.accepted_posts import PICTURE, accept, stored

OTHER = images.encode(images.photo(120, 90), "JPEG")


async def test_an_image_that_was_dropped_meanwhile_is_refused(app: App, clock: FakeClock) -> None:
    post_id = await accept(app, clock, "one", PICTURE)
    app.core.images.drop((await stored(app, post_id)).images[0].source.removeprefix("sha256:"))
    await _advance_until_decided(app, clock, post_id)
    assert (await stored(app, post_id)).state is PostState.REFUSED


async def test_an_image_is_downloaded_and_kept(
    app: App, clock: FakeClock, downloads: Downloads
) -> None:
    downloads.answers["https://example.org/a.png"] = PICTURE
    post_id = await accept(app, clock, "one", "https://example.org/a.png")
    assert downloads.fetched == [], "persist first"
    await app.pipeline.advance(post_id)
    post = await stored(app, post_id)
    assert post.state is PostState.AWAITING_SCORE
    assert post.images[0].source == "https://example.org/a.png"
    assert post.images[0].image is not None
    assert app.core.images.get(post.images[0].image.sha256) == PICTURE


async def test_a_dead_link_ends_the_post(app: App, clock: FakeClock, downloads: Downloads) -> None:
    downloads.answers["https://example.org/a.png"] = DownloadRefused("The link is dead.")
    post_id = await accept(app, clock, "one", "https://example.org/a.png")
    await app.pipeline.advance(post_id)
    assert (await stored(app, post_id)).refusal == "The link is dead."


async def test_a_dead_link_beside_a_good_one_does_not_matter(
    app: App, clock: FakeClock, downloads: Downloads
) -> None:
    downloads.answers = {
        "https://a.example/": DownloadRefused("Dead."),
        "https://b.example/": OTHER,
    }
    post_id = await accept(app, clock, "one", *downloads.answers)
    await app.pipeline.advance(post_id)
    post = await stored(app, post_id)
    assert post.state is PostState.AWAITING_SCORE
    assert [each.refusal for each in post.images] == ["Dead.", None]


@pytest.mark.parametrize("why", [DownloadFailed("the server answered 503"), ImageUnread()])
async def test_what_fails_just_now_is_put_off_and_made_good(
    app: App, clock: FakeClock, downloads: Downloads, why: Exception
) -> None:
    downloads.answers["https://example.org/a.png"] = why
    post_id = await accept(app, clock, "one", "https://example.org/a.png")
    assert await app.jobs.advance_posts() == 1
    assert await app.jobs.advance_posts() == 0, "not before its time"
    post = await stored(app, post_id)
    assert (post.state, post.tries) == (PostState.SEEN, 1)
    downloads.answers["https://example.org/a.png"] = PICTURE
    clock.forward(15)
    assert await app.jobs.advance_posts() == 1
    post = await stored(app, post_id)
    assert (post.state, post.tries) == (PostState.AWAITING_SCORE, 0)


async def _advance_until_decided(app: App, clock: FakeClock, post_id: int) -> list[float]:
    """Advance a post whenever it is due, until it is no new post; return its waits, seconds."""
    waits = []
    while (post := await stored(app, post_id)).state is PostState.SEEN:
        assert post.due_at is not None
        waits.append((post.due_at - clock()).total_seconds())
        clock.now = post.due_at
        await app.jobs.advance_posts()
    return waits


async def test_a_host_that_is_away_is_asked_until_the_score_is_final(
    app: App, clock: FakeClock, downloads: Downloads
) -> None:
    downloads.answers["https://example.org/a.png"] = DownloadFailed("no connection")
    post_id = await accept(app, clock, "one", "https://example.org/a.png")
    waits = await _advance_until_decided(app, clock, post_id)
    assert waits == [0, *(15 * 2**n for n in range(len(waits) - 1))]
    post = await stored(app, post_id)
    ends_at = post.posted_at + timedelta(seconds=post.community.horizon_seconds)
    assert clock() - timedelta(seconds=15 * 2**8) < ends_at <= clock()
    assert (post.refusal_code, post.refusal) == (PostRefusal.IMAGE_UNREACHED, None)
    assert refusal_sentence(post) == "The image could not be downloaded."


async def test_an_image_that_is_not_there_is_asked_for_a_few_times(
    app: App, clock: FakeClock, downloads: Downloads
) -> None:
    downloads.answers["https://example.org/a.png"] = ImageAbsent("The link is dead.")
    post_id = await accept(app, clock, "one", "https://example.org/a.png")
    waits = await _advance_until_decided(app, clock, post_id)
    assert waits == [0, *(15 * 2**n for n in range(MAX_TRIES - 1))]
    post = await stored(app, post_id)
    assert (post.refusal_code, post.refusal) == (PostRefusal.OTHER, "The link is dead.")


async def test_an_image_that_was_absent_for_a_moment_is_predicted(
    app: App, clock: FakeClock, downloads: Downloads
) -> None:
    downloads.answers["https://example.org/a.png"] = ImageAbsent("The link is dead.")
    post_id = await accept(app, clock, "one", "https://example.org/a.png")
    await app.pipeline.advance(post_id)
    assert (await stored(app, post_id)).state is PostState.SEEN
    downloads.answers["https://example.org/a.png"] = PICTURE
    clock.forward(15)
    await app.jobs.advance_posts()
    assert (await stored(app, post_id)).state is PostState.AWAITING_SCORE


async def test_what_never_arrives_does_not_cost_the_other_images(
    app: App, clock: FakeClock, downloads: Downloads
) -> None:
    downloads.answers = {"https://a.example/": ImageAbsent("Gone."), "https://b.example/": PICTURE}
    post_id = await accept(app, clock, "one", *downloads.answers)
    await _advance_until_decided(app, clock, post_id)
    post = await stored(app, post_id)
    assert post.state is PostState.AWAITING_SCORE
    assert [each.refusal for each in post.images] == ["Gone.", None]
    assert downloads.fetched.count("https://b.example/") == 1


async def test_an_image_that_is_kept_is_not_downloaded_again(
    app: App, clock: FakeClock, downloads: Downloads
) -> None:
    downloads.answers = {"https://a.example/": PICTURE, "https://b.example/": DownloadFailed("no")}
    post_id = await accept(app, clock, "one", *downloads.answers)
    await app.pipeline.advance(post_id)
    downloads.answers["https://b.example/"] = OTHER
    await app.pipeline.advance(post_id)
    assert (await stored(app, post_id)).state is PostState.AWAITING_SCORE
    assert downloads.fetched.count("https://a.example/") == 1
