from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select, update

from bot.app import App
from bot.platform import PostRef, ScoreRead, post_ref
from bot.web.platform import WebPlatform
from bot.web.votes import Tally
from storage.queries.posts import load_post
from storage.tables import Label, Post, Snapshot, Vote
from storage.types import PostState
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import Visitor, field_value, visiting

HORIZON = 1800


async def label_of(app: App, post_id: int) -> Label:
    async with app.core.database.read() as session:
        return await session.get_one(Label, post_id)


async def test_a_vote_is_cast_changed_and_taken_back(bob: Visitor, post_id: int) -> None:
    for value, score in ((1, 1), (1, 1), (-1, -1), (0, 0), (0, 0), (-1, -1)):
        status, content = await bob.vote(post_id, value)
        assert status == 200
        votes = content["post"]["votes"]
        assert (votes["score"], votes["mine"]) == (score, value)


async def test_everybody_has_one_vote_and_sees_their_own(
    board: WebPlatform, bob: Visitor, post_id: int
) -> None:
    await bob.vote(post_id, 1)
    async with visiting(board.url) as cid, visiting(board.url) as dan:
        await cid.vote(post_id, 1)
        await dan.vote(post_id, -1)
        _, post = await cid.json(f"/posts/{post_id}.json")
        assert post["votes"] | {"closed": None} == {
            "up": 2, "down": 1, "score": 1, "mine": 1, "closed": None, "held": None,
        }  # fmt: skip
        _, page = await dan.page("/")
        assert 'data-vote="down" aria-pressed="true"' in " ".join(page.split())


async def test_by_form_a_vote_leads_back_to_where_it_was_cast(bob: Visitor, post_id: int) -> None:
    _, page = await bob.page(f"/posts/{post_id}")
    form = {"value": "1", "back": field_value(page, "back")}
    async with bob.send(f"/posts/{post_id}/vote", form) as answer:
        assert answer.status == 303
        assert answer.headers["Location"] == f"/posts/{post_id}#post-{post_id}"


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/\\evil", "/?before=1&x=2", "", "x"]
)
async def test_a_vote_leads_nowhere_else(bob: Visitor, post_id: int, back: str) -> None:
    form = {"value": "1", "back": back}
    async with bob.send(f"/posts/{post_id}/vote", form) as answer:
        assert answer.headers["Location"] == f"/#post-{post_id}"


@pytest.mark.parametrize("value", ["2", "-2", "", "up", "1.0", "None", "1 "])
async def test_a_vote_that_is_none_is_refused(bob: Visitor, post_id: int, value: str) -> None:
    status, content = await bob.vote(post_id, value)
    assert status == 400
    assert "A vote is 1" in content["error"]


@pytest.mark.parametrize("body", ["", "[]", "{", '{"value": true}', '{"value": [1]}', "null"])
async def test_json_that_is_no_vote_is_refused(bob: Visitor, post_id: int, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    path = f"/posts/{post_id}/vote"
    async with bob.send(path, body.encode(), json=True, **headers) as answer:
        assert answer.status == 400


async def test_a_vote_in_json(bob: Visitor, post_id: int) -> None:
    headers = {"Content-Type": "application/json"}
    path = f"/posts/{post_id}/vote"
    async with bob.send(path, b'{"value": -1}', json=True, **headers) as answer:
        assert (await answer.json())["post"]["votes"]["mine"] == -1


async def test_nobody_votes_on_their_own_post(ann: Visitor, post_id: int) -> None:
    status, content = await ann.vote(post_id, 1)
    assert status == 403
    assert "Your own post" in content["error"]
    _, post = await ann.json(f"/posts/{post_id}.json")
    assert post["votes"]["score"] == 0
    assert "Your own post" in post["votes"]["closed"]


async def test_votes_on_posts_that_are_not_there_or_have_ended(
    bob: Visitor, app: App, post_id: int
) -> None:
    assert (await bob.vote(post_id + 1, 1))[0] == 404
    async with app.core.database.write() as session:
        post = await session.get_one(Post, post_id)
        post.state, post.due_at = PostState.WITHDRAWN, None
    assert (await bob.vote(post_id, 1))[0] == 409


async def test_at_the_horizon_the_votes_become_the_label(
    bob: Visitor, app: App, clock: FakeClock, post_id: int
) -> None:
    await bob.vote(post_id, 1)
    clock.forward(HORIZON)
    await app.jobs.run_due()
    label = await label_of(app, post_id)
    assert label.score == 1


async def test_a_vote_at_the_horizon_counts_and_later_ones_are_refused(
    bob: Visitor, app: App, board: WebPlatform, clock: FakeClock, post_id: int
) -> None:
    clock.forward(HORIZON)
    assert (await bob.vote(post_id, 1))[0] == 200
    clock.forward(0.001)
    async with visiting(board.url) as cid:
        for visitor, value in ((cid, 1), (bob, -1), (bob, 0)):
            status, content = await visitor.vote(post_id, value)
            assert status == 409
            assert "later votes change nothing" in content["error"]
    await app.jobs.run_due()
    assert (await label_of(app, post_id)).score == 1


async def test_only_votes_up_to_the_horizon_are_read(
    board: WebPlatform, bob: Visitor, app: App, clock: FakeClock, post_id: int
) -> None:
    await bob.vote(post_id, 1)
    ref = await ref_of(app, post_id)
    clock.forward(2 * HORIZON)
    for late, score in ((timedelta(0), 1), (timedelta(microseconds=1), 0)):
        async with app.core.database.write() as session:
            await session.execute(update(Vote).values(voted_at=ref.horizon_at + late))
        # One person voted in time, or nobody.
        read = ScoreRead(score, ref.horizon_at, reactors=score)
        assert await board.read_scores([ref]) == {post_id: read}


async def ref_of(app: App, post_id: int) -> PostRef:
    async with app.core.database.read() as session:
        post = await session.run_sync(load_post, post_id)
    assert post is not None
    return post_ref(post)


async def test_scores_of_many_posts_are_one_query(
    board: WebPlatform, app: App, ann: Visitor, bob: Visitor, clock: FakeClock
) -> None:
    ids = [(await ann.post())[1]["post"]["id"] for _ in range(4)]
    await board.tasks.idle()
    for post_id, value in zip(ids, (1, -1, 0, 1), strict=True):
        await bob.vote(post_id, value)
    refs = [await ref_of(app, post_id) for post_id in ids]
    queries: list[str] = []
    engine = app.core.database.engine.sync_engine

    @event.listens_for(engine, "before_cursor_execute")
    def note(*arguments: object) -> None:
        queries.append(str(arguments[2]))

    scores = await board.read_scores(refs)
    event.remove(engine, "before_cursor_execute", note)
    assert [scores[each] for each in ids] == [
        ScoreRead(each, clock(), reactors=abs(each)) for each in (1, -1, 0, 1)
    ]
    assert len([each for each in queries if each.startswith("SELECT")]) == 1


async def test_early_readings_are_kept_and_shown(
    bob: Visitor, app: App, clock: FakeClock, post_id: int
) -> None:
    await bob.vote(post_id, 1)
    clock.forward(600)
    await app.jobs.run_due()
    async with app.core.database.read() as session:
        snapshot = (await session.scalars(select(Snapshot))).one()
    assert (snapshot.reading, snapshot.score) == (600, 1)
    _, page = await bob.page(f"/posts/{post_id}")
    assert "Score as it grew" in page
    assert "<title>1 after 10 min</title>" in page


@given(ups=st.integers(0, 1000), downs=st.integers(0, 1000))
def test_the_score_is_ups_minus_downs(ups: int, downs: int) -> None:
    assert Tally(ups, downs).score == ups - downs
