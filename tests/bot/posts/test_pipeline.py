import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from bot.app import App
from bot.people.identity import hash_person
from bot.platform import PlatformUnavailable, PostRef
from bot.posts.ingest import is_silent
from bot.runtime.metrics import REGISTRY
from bot.serving.forecast import Card
from bot.serving.phrases import refusal_sentence
from models.head import Head
from storage.tables import Author, Base, Community, Embedding, Image, Post, Prediction, Reply
from storage.types import (
    PlatformName,
    PostRefusal,
    PostState,
    ReplyMode,
    ReplySkip,
    ReplyState,
)
from tests.fakes.clock import FakeClock
from tests.fakes.downloads import Downloads
from tests.fakes.platform import HORIZON, FakePlatform, incoming
from tests.fixtures import images, rows
from tests.fixtures.accepted_posts import PICTURE, accept, stored

OTHER = images.encode(images.photo(120, 90), "JPEG")


async def count(app: App, table: type[Base]) -> int:
    async with app.core.database.read() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def test_a_post_is_predicted_and_replied_to(
    app: App, platform: FakePlatform, clock: FakeClock
) -> None:
    post_id = await accept(app, clock, "one", PICTURE)
    assert (await stored(app, post_id)).state is PostState.SEEN
    clock.forward(3)
    await app.pipeline.advance(post_id)
    post = await stored(app, post_id)
    assert post.state is PostState.AWAITING_SCORE
    assert post.due_at == post.posted_at + timedelta(seconds=600)
    (prediction,) = post.prediction_rows
    assert prediction.made_at == clock()
    assert prediction.model_version.is_champion
    assert prediction.scored_at is None
    ((source_id, reply_id, card),) = platform.replies
    assert source_id == "one"
    assert list(card.bins) == prediction.bins
    assert (card.p_low, card.model_version) == (prediction.p_low, prediction.model_version.name)
    assert post.reply is not None
    assert (post.reply.state, post.reply.source_id) == (ReplyState.SENT, reply_id)
    image = post.images[0].image
    assert image is not None
    assert (image.width, image.height, image.format) == (96, 64, "PNG")
    assert app.core.images.get(image.sha256) == PICTURE


async def test_a_reply_does_not_wait_for_attributes_but_says_those_that_are_known(
    app: App, platform: FakePlatform, clock: FakeClock
) -> None:
    post_id = await accept(app, clock, "one", PICTURE)
    await app.pipeline.advance(post_id)
    assert await app.jobs.read_attributes() == 1
    await app.pipeline.advance(await accept(app, clock, "two", PICTURE))
    first, second = (card for _, _, card in platform.replies)
    image = (await stored(app, post_id)).images[0].image
    assert first.attributes is None
    assert image is not None
    assert image.attributes is not None
    assert second.attributes is not None
    assert second.attributes.as_json() == image.attributes


async def test_attributes_are_read_before_the_reply_where_that_is_wanted(
    app: App, platform: FakePlatform, clock: FakeClock
) -> None:
    app.pipeline._predictor._finder._attributes_at_once = True
    post_id = await accept(app, clock, "one", PICTURE)
    await app.pipeline.advance(post_id)
    ((_, _, card),) = platform.replies
    image = (await stored(app, post_id)).images[0].image
    assert image is not None
    assert card.attributes is not None
    assert card.attributes.as_json() == image.attributes
    assert await app.jobs.read_attributes() == 0


async def test_a_file_that_a_refused_post_took_with_it_is_stored_again(
    app: App, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = app.core.images.put
    lost: list[str] = []

    def lose_once(data: bytes) -> str:
        sha256 = put(data)
        if not lost:
            lost.append(sha256)
            app.core.images.drop(sha256)
        return sha256

    monkeypatch.setattr(app.core.images, "put", lose_once)
    await accept(app, clock, "one", PICTURE)
    assert app.core.images.get(lost[0]) == PICTURE


async def test_the_embedding_is_stored_once_as_it_was_served(app: App, clock: FakeClock) -> None:
    for source_id in ("one", "two"):
        await app.pipeline.advance(await accept(app, clock, source_id, PICTURE))
    champion = await app.core.serving.champion()
    seen = await app.core.serving.embed(PICTURE, champion.backbone)
    async with app.core.database.read() as session:
        (row,) = (await session.scalars(select(Embedding))).all()
    assert row.backbone == champion.backbone.fingerprint
    assert (np.frombuffer(row.vector, "<f2").astype(np.float32) == seen.embedding).all()
    assert await count(app, Image) == 1
    assert await count(app, Prediction) == 2


async def test_a_prediction_that_could_not_be_stored_is_not_counted(
    app: App, clock: FakeClock
) -> None:
    post_id = await accept(app, clock, "one", PICTURE)
    async with app.core.database.write() as session:
        # Its reply cannot be claimed.
        session.add(rows.row(Reply, post_id=post_id))
    before = REGISTRY.get_sample_value("peoria_prediction_seconds_count")
    with pytest.raises(IntegrityError):
        await app.pipeline.advance(post_id)
    assert (await stored(app, post_id)).state is PostState.SEEN
    assert REGISTRY.get_sample_value("peoria_prediction_seconds_count") == before


async def test_a_post_accepted_any_number_of_times_is_one(app: App, clock: FakeClock) -> None:
    first = await accept(app, clock, "one", PICTURE)
    ids = await asyncio.gather(*(accept(app, clock, "one", PICTURE) for _ in range(5)))
    await app.pipeline.advance(first)
    assert await accept(app, clock, "one", OTHER) == first
    assert set(ids) == {first}
    assert (await stored(app, first)).state is PostState.AWAITING_SCORE
    assert await count(app, Post) == await count(app, Author) == 1


async def test_posts_accepted_at_once_are_all_there(app: App, clock: FakeClock) -> None:
    ids = await asyncio.gather(*(accept(app, clock, f"p{n}", PICTURE) for n in range(8)))
    assert len(set(ids)) == 8


async def test_advancing_twice_at_once_predicts_once(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    post_id = await accept(app, clock, "one", PICTURE)
    await asyncio.gather(app.pipeline.advance(post_id), app.pipeline.advance(post_id))
    assert await count(app, Prediction) == 1
    assert len(platform.replies) == 1
    assert (await stored(app, post_id)).state is PostState.AWAITING_SCORE


async def test_of_several_images_the_best_counts(
    app: App, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def second_is_best(_: Head, embedding: np.ndarray, facts: Any) -> Any:
        """The images are asked about twice in one call: with their title and without."""
        bins = np.zeros((len(facts), 10))
        for row in range(len(facts)):
            bins[row, 8 if row % (len(facts) // 2) == 1 else 1] = 1
        return bins, [()] * len(facts)

    monkeypatch.setattr(Head, "predict_with_support", second_is_best)
    small = images.encode(images.photo(30, 30), "PNG")
    post_id = await accept(app, clock, "one", PICTURE, OTHER, b"no picture", small)
    await app.pipeline.advance(post_id)
    post = await stored(app, post_id)
    (prediction,) = post.prediction_rows
    assert prediction.image_id == post.images[1].image_id
    # A new community is shown little more than the base rate; the head's own word is kept.
    assert prediction.p_high == pytest.approx(0.9 / 3 + 0.1)
    assert prediction.experts is not None
    assert prediction.experts["pooled"][8] == 1
    assert [each.refusal is None for each in post.images] == [True, True, False, True]


@pytest.mark.parametrize("name", sorted(images.REFUSED))
async def test_an_image_that_cannot_be_used_ends_the_post_with_a_reason(
    app: App, clock: FakeClock, platform: FakePlatform, name: str
) -> None:
    post_id = await accept(app, clock, "one", images.BAD_IMAGES[name]())
    await app.pipeline.advance(post_id)
    post = await stored(app, post_id)
    assert (post.state, post.due_at) == (PostState.REFUSED, None)
    assert post.refusal is not None
    assert post.refusal.endswith(".")
    assert post.images[0].refusal == post.refusal
    assert platform.replies == []
    assert await app.jobs.run_due() == 0


async def test_a_post_without_an_image_is_refused(app: App, clock: FakeClock) -> None:
    post_id = await accept(app, clock, "one")
    await app.pipeline.advance(post_id)
    post = await stored(app, post_id)
    assert (post.refusal_code, post.refusal) == (PostRefusal.NO_IMAGE, None)
    assert refusal_sentence(post) == "The post has no image."


async def test_a_reply_waits_for_a_platform_that_is_away(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    platform.away = True
    post_id = await accept(app, clock, "one", PICTURE)
    await app.pipeline.advance(post_id)
    post = await stored(app, post_id)
    assert (post.state, post.tries) == (PostState.PREDICTED, 1)
    assert post.reply is not None
    assert post.reply.state is ReplyState.PENDING
    platform.away = False
    clock.forward(15)
    await app.jobs.advance_posts()
    assert (await stored(app, post_id)).state is PostState.AWAITING_SCORE
    # It may have been sent before: the platform was asked, and did not answer.
    assert platform.sent_before == [True]
    assert await count(app, Prediction) == 1


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("late", [False, True])
async def test_a_reply_of_an_outage_until_the_horizon_is_looked_for_with_the_outcome(
    app: App, platform: FakePlatform, clock: FakeClock, sent: bool, late: bool
) -> None:
    reply = platform.reply

    async def lose_the_answer(post: PostRef, card: Card, *, sent_before: bool) -> str:
        if sent:
            await reply(post, card, sent_before=sent_before)
        platform.away = True
        raise PlatformUnavailable("it is away")

    platform.reply = lose_the_answer  # type: ignore[method-assign]
    post_id = await accept(app, clock, "one", PICTURE)
    await app.pipeline.advance(post_id)
    clock.forward(HORIZON)
    await app.jobs.advance_posts()
    post = await stored(app, post_id)
    assert post.reply is not None
    assert (post.state, post.reply.state) == (PostState.AWAITING_SCORE, ReplyState.PENDING)
    # The score is read, by a process that still cannot look for the reply; too late, or in time.
    platform.away = False
    platform.scores["one"] = 7
    clock.forward(3 * HORIZON if late else 0)
    await app.jobs.read_scores()
    platform.away = True
    await app.jobs.settle_replies()
    platform.away = False
    clock.forward(120)
    await app.jobs.settle_replies()
    answer = (await stored(app, post_id)).reply
    assert answer is not None
    if not sent:
        assert (answer.state, answer.reason) == (ReplyState.SKIPPED, "it is away")
        assert not platform.outcomes
        return
    assert (answer.state, answer.source_id) == (ReplyState.SETTLED, "reply-0")
    assert [*(platform.too_late if late else platform.outcomes)] == ["reply-0"]


async def test_somebody_who_opted_out_is_left_alone(app: App, clock: FakeClock) -> None:
    async with app.core.database.write() as session:
        person = hash_person(app.core.people_key, PlatformName.REDDIT, "ann")
        session.add(Author(platform=PlatformName.REDDIT, hash=person, opted_out_at=clock()))
    post = incoming("one", PICTURE, posted_at=clock())
    assert await app.pipeline.accept(PlatformName.REDDIT, post) is None
    assert await count(app, Post) == 0
    assert await accept(app, clock, "two", PICTURE, author="bob")


async def test_nobody_is_named_in_the_database(app: App, clock: FakeClock) -> None:
    await accept(app, clock, "one", PICTURE, author="ann-the-author")
    await accept(app, clock, "two", PICTURE, author=None)
    for path in app.core.settings.data_dir.glob("peoria.db*"):
        assert b"ann-the-author" not in path.read_bytes()
    assert await count(app, Author) == 1


async def test_a_silent_post_is_predicted_without_a_word(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    app.pipeline._ingest._silent_share = 1
    post_id = await accept(app, clock, "one", PICTURE)
    await app.pipeline.advance(post_id)
    post = await stored(app, post_id)
    assert (post.state, post.silent) == (PostState.AWAITING_SCORE, True)
    assert post.reply is not None
    assert post.reply.state is ReplyState.SKIPPED
    assert platform.replies == []
    assert len(post.prediction_rows) == 1


async def test_chance_is_the_reason_only_where_a_post_would_have_been_answered(
    app: App, clock: FakeClock
) -> None:
    app.pipeline._ingest._silent_share = 1
    codes = []
    for mode in (ReplyMode.REPLY, ReplyMode.SILENT):
        post_id = await accept(app, clock, mode.value, PICTURE)
        async with app.core.database.write() as session:
            await session.execute(update(Community).values(reply_mode=mode))
        await app.pipeline.advance(post_id)
        reply = (await stored(app, post_id)).reply
        assert reply is not None
        assert reply.reason is None
        codes.append(reply.skip_code)
    assert codes == [ReplySkip.SILENT_SHARE, ReplySkip.SILENT_MODE]


@given(st.text(max_size=20), st.sampled_from(PlatformName), st.floats(0, 1), st.floats(0, 1))
def test_silence_is_decided_once_and_only_grows_with_the_share(
    source_id: str, platform: PlatformName, one: float, other: float
) -> None:
    small, large = sorted((one, other))
    assert not is_silent(platform, source_id, 0)
    assert is_silent(platform, source_id, 1)
    assert is_silent(platform, source_id, large) or not is_silent(platform, source_id, small)


def test_the_silent_share_is_about_as_large_as_it_should_be() -> None:
    silent = sum(is_silent(PlatformName.REDDIT, f"t3_{n}", 0.1) for n in range(5000))
    assert 400 < silent < 600


async def test_one_post_that_fails_does_not_hold_up_the_others(
    app: App, clock: FakeClock, downloads: Downloads
) -> None:
    downloads.answers = {"https://a.example/": RuntimeError("a bug"), "https://b.example/": PICTURE}
    bad = await accept(app, clock, "one", "https://a.example/")
    clock.forward(1)
    good = await accept(app, clock, "two", "https://b.example/")
    await app.jobs.advance_posts()
    assert (await stored(app, good)).state is PostState.AWAITING_SCORE
    post = await stored(app, bad)
    assert post.state is PostState.SEEN
    assert post.due_at is not None
    assert post.due_at > clock(), "tried again later"


@pytest.mark.sqlite
async def test_posts_go_their_way_while_readers_hold_every_connection(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    """On PostgreSQL posts need a connection of the same pool."""
    async with AsyncExitStack() as stack:
        # As many as there are to be had: the next one would wait 30 s, and fail.
        for _ in range(15):
            reader = await stack.enter_async_context(app.core.database.read())
            await reader.scalar(select(func.count()).select_from(Post))
        async with asyncio.timeout(25):
            post_id = await accept(app, clock, "one", PICTURE)
            await app.pipeline.advance(post_id)
    assert len(platform.replies) == 1
    assert (await stored(app, post_id)).state is PostState.AWAITING_SCORE
