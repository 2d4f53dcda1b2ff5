"""Wrong states, each tried on a real database: none can be stored."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from storage.engine.database import Database
from storage.tables import (
    Author,
    Base,
    Community,
    Embedding,
    Guess,
    Image,
    InboxItem,
    Label,
    ModelVersion,
    Post,
    PostImage,
    Prediction,
    Reply,
    Snapshot,
    TrainingRun,
    Vote,
)
from storage.types import (
    Bucket,
    PlatformName,
    PostOrigin,
    PostRefusal,
    PostState,
    ReplySkip,
    ReplyState,
    RunState,
)
from tests.fixtures.rows import LATER, MOMENT, one_post, row

#: What is complained of is told by the words of SQLite.
pytestmark = pytest.mark.sqlite

#: A table, what is wrong with the row, and what the database says.
WRONG: list[tuple[type[Base], dict[str, Any], str]] = [
    (Community, {"id": 2}, "UNIQUE"),
    (Community, {"id": 2, "source_id": "x", "horizon_seconds": 0}, "horizon_positive"),
    (Community, {"id": 2, "source_id": "x", "low_up_to": 3}, "thresholds_both_or_neither"),
    (Community, {"id": 2, "source_id": "x", "medium_up_to": 3}, "thresholds_both_or_neither"),
    (
        Community,
        {"id": 2, "source_id": "x", "low_up_to": 3, "medium_up_to": 3},
        "thresholds_in_order",
    ),
    (Author, {"id": 2}, "UNIQUE"),
    (Author, {"id": 2, "hash": "ann"}, "hash_length"),
    (Image, {"id": 2}, "UNIQUE"),
    (Image, {"id": 2, "sha256": "short"}, "sha256_length"),
    *(
        (Image, {"id": 2, "sha256": "d" * 64, size: 0}, "sizes_positive")
        for size in ("bytes", "width", "height")
    ),
    (Embedding, {"vector": bytes(1281)}, "vector_length"),
    (Embedding, {"vector": bytes(14)}, "vector_length"),
    (Embedding, {"vector": bytes(8194)}, "vector_length"),
    (Embedding, {"image_id": 9}, "FOREIGN KEY"),
    (Post, {"id": 2}, "UNIQUE"),
    (Post, {"id": 2, "source_id": "x", "community_id": 9}, "FOREIGN KEY"),
    # On another platform than its community.
    (Post, {"id": 2, "source_id": "x", "platform": PlatformName.DISCORD}, "FOREIGN KEY"),
    (Post, {"id": 2, "source_id": "x", "author_id": 9}, "FOREIGN KEY"),
    *(
        (Post, {"id": 2, "source_id": "x", "state": state}, "predicted_has_time")
        for state in (
            PostState.PREDICTED, PostState.AWAITING_SCORE, PostState.LABELLED, PostState.SETTLING,
        )
    ),
    (
        Post,
        {"id": 2, "source_id": "x", "state": PostState.REFUSED, "due_at": None},
        "refused_has_reason",
    ),
    (Post, {"id": 2, "source_id": "x", "refusal_code": PostRefusal.NO_IMAGE}, "refused_has_reason"),
    (
        Post,
        {
            "id": 2, "source_id": "x", "state": PostState.REFUSED,
            "refusal_code": PostRefusal.NO_IMAGE,
        },
        "ended_is_not_due",
    ),
    *(
        (
            Post,
            {"id": 2, "source_id": "x", "state": PostState.REFUSED, "due_at": None} | reasons,
            "other_refusal_has_sentence",
        )
        for reasons in (
            {"refusal_code": PostRefusal.OTHER},
            {"refusal_code": PostRefusal.NO_IMAGE, "refusal": "Too large."},
        )
    ),
    (Post, {"id": 2, "source_id": "x", "refusal": "Too large."}, "other_refusal_has_sentence"),
    (Post, {"id": 2, "source_id": "x", "state": PostState.WITHDRAWN}, "ended_is_not_due"),
    (PostImage, {}, "UNIQUE"),
    (PostImage, {"position": 1, "image_id": 1, "refusal": "Too large."}, "used_or_refused"),
    (PostImage, {"position": 1, "image_id": 9}, "FOREIGN KEY"),
    (ModelVersion, {"id": 101}, "UNIQUE"),
    (ModelVersion, {"id": 101, "name": "v2", "is_champion": True}, "champion_has_time"),
    # There is one already: the first start made it.
    (
        ModelVersion,
        {"id": 101, "name": "v2", "is_champion": True, "promoted_at": MOMENT},
        "UNIQUE",
    ),
    (ModelVersion, {"id": 101, "name": "v2", "replaced_id": 99}, "FOREIGN KEY"),
    (Prediction, {"p_low": 0.5}, "probabilities_sum_to_one"),
    (Prediction, {"p_low": -0.1, "p_medium": 0.7}, "probabilities_sum_to_one"),
    *(
        (
            Prediction,
            {"scored_at": LATER, "log_score": 1.0, "rps": 1.0, "brier": 1.0, missing: None},
            "scored_whole",
        )
        for missing in ("scored_at", "log_score", "rps", "brier")
    ),
    (Prediction, {"model_version_id": 99}, "FOREIGN KEY"),
    (Prediction, {"post_id": 9}, "FOREIGN KEY"),
    (Snapshot, {"age_seconds": -1.0}, "age_not_negative"),
    (Snapshot, {"post_id": 9}, "FOREIGN KEY"),
    *(
        (Label, {"percentile_low": low, "percentile_high": high}, "percentile_interval")
        for low, high in ((-0.1, 0.5), (0.5, 0.5), (0.6, 0.5), (0.5, 1.1))
    ),
    (Label, {"post_id": 9}, "FOREIGN KEY"),
    (Reply, {"state": ReplyState.SENT}, "sent_has_id"),
    (Reply, {"skip_code": ReplySkip.OTHER}, "other_skip_has_sentence"),
    (Reply, {"skip_code": ReplySkip.PAUSED, "reason": "Paused."}, "other_skip_has_sentence"),
    (Reply, {"reason": "Paused."}, "other_skip_has_sentence"),
    (Reply, {"state": ReplyState.SETTLED}, "sent_has_id"),
    (InboxItem, {"state": ReplyState.SENT, "due_at": None}, "answered_has_id"),
    (InboxItem, {"due_at": None}, "pending_is_due"),
    (InboxItem, {"state": ReplyState.SKIPPED}, "pending_is_due"),
    (InboxItem, {"community_id": 9}, "FOREIGN KEY"),
    (Vote, {"value": 0}, "up_or_down"),
    (Vote, {"value": 2}, "up_or_down"),
    (TrainingRun, {"finished_at": LATER}, "ended_has_time"),
    (TrainingRun, {"state": RunState.FAILED}, "ended_has_time"),
    (TrainingRun, {"state": RunState.PROMOTED, "finished_at": LATER}, "made_has_version"),
    (TrainingRun, {"state": RunState.KEPT, "finished_at": LATER}, "made_has_version"),
]  # fmt: skip

#: Rows of which there can be only one.
ONCE = (Embedding, Prediction, Snapshot, Label, Reply, InboxItem, Vote, TrainingRun)


async def store(database: Database, *rows: Any) -> None:
    async with database.write() as session:
        for each in rows:
            session.add(each)
            await session.flush()


@pytest.mark.parametrize(
    ("table", "changes", "complaint"),
    WRONG,
    ids=[f"{table.__tablename__}: {', '.join(changes) or 'again'}" for table, changes, _ in WRONG],
)
async def test_a_wrong_state_cannot_be_stored(
    database: Database, table: type[Base], changes: dict[str, Any], complaint: str
) -> None:
    await store(database, *one_post())
    with pytest.raises(IntegrityError, match=complaint):
        await store(database, row(table, **changes))


@pytest.mark.parametrize("table", ONCE, ids=[table.__tablename__ for table in ONCE])
async def test_the_row_that_is_right_is_stored_once(database: Database, table: type[Base]) -> None:
    await store(database, *one_post(), row(table))
    with pytest.raises(IntegrityError, match="UNIQUE"):
        await store(database, row(table, **({"id": 2} if "id" in table.__table__.c else {})))


async def test_a_person_guesses_once_on_a_post(database: Database) -> None:
    guess = {
        "post_id": 1, "author_id": 1, "bucket": Bucket.LOW, "guessed_at": MOMENT, "blind": True,
    }  # fmt: skip
    await store(database, *one_post(), Guess(**guess))
    with pytest.raises(IntegrityError, match="UNIQUE"):
        await store(database, Guess(**guess))


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (Community, "platform"),
        (Post, "state"),
        (Post, "origin"),
        (Label, "bucket"),
        (Reply, "state"),
        (InboxItem, "state"),
        (InboxItem, "kind"),
        (TrainingRun, "state"),
    ],
)
async def test_only_the_known_words_can_be_stored(
    database: Database, table: type[Base], column: str
) -> None:
    await store(database, *one_post(), row(Label), row(Reply), row(InboxItem), row(TrainingRun))
    async with database.write() as session:
        connection = await session.connection()
        with pytest.raises(IntegrityError, match="CHECK"):
            await connection.exec_driver_sql(
                f"UPDATE {table.__tablename__} SET {column} = 'else'"  # noqa: S608
            )


async def test_an_imported_post_may_be_labelled_without_a_prediction(database: Database) -> None:
    await store(
        database,
        *one_post(),
        row(
            Post, id=2, source_id="p2", origin=PostOrigin.IMPORTED, state=PostState.LABELLED,
            due_at=None,
        ),
    )  # fmt: skip


async def test_ended_training_runs_do_not_stand_in_the_way_of_the_next(database: Database) -> None:
    ended = {"state": RunState.FAILED, "finished_at": LATER}
    await store(
        database,
        row(TrainingRun, **ended),
        row(TrainingRun, id=2, **ended),
        row(TrainingRun, id=3, started_at=MOMENT + timedelta(days=1)),
    )


async def test_what_belongs_to_a_post_goes_with_it(database: Database) -> None:
    belongings = (PostImage, Prediction, Snapshot, Label, Reply, Vote)
    await store(database, *one_post(), *(row(table) for table in belongings[1:]))
    async with database.write() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("DELETE FROM posts")
        left = {
            table.__tablename__: (
                await connection.exec_driver_sql(
                    f"SELECT count(*) FROM {table.__tablename__}"  # noqa: S608
                )
            ).scalar()
            for table in (*belongings, Image, Author)
        }
    assert left == {**{table.__tablename__: 0 for table in belongings}, "images": 1, "authors": 1}
