from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import StatementError

from storage.types import UtcDateTime

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(
    min_value=datetime(1971, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2999, 1, 1),  # noqa: DTZ001
    timezones=OFFSETS,
)
TYPE = UtcDateTime()
MOMENT_TABLE = Table(
    "moments", MetaData(), Column("id", Integer, primary_key=True), Column("at", UtcDateTime())
)


@given(MOMENTS)
def test_what_is_bound_is_utc(moment: datetime) -> None:
    stored = TYPE.process_bind_param(moment, sqlite.dialect())
    assert stored is not None
    assert stored.tzinfo is None
    assert stored.replace(tzinfo=UTC) == moment
    on_postgres = TYPE.process_bind_param(moment, postgresql.dialect())
    assert on_postgres == moment
    assert on_postgres is not None
    assert on_postgres.tzinfo is UTC


@given(moment=MOMENTS, back=OFFSETS)
def test_what_comes_back_is_the_same_moment_in_utc(moment: datetime, back: timezone) -> None:
    stored = TYPE.process_bind_param(moment, sqlite.dialect())
    given_back = TYPE.process_result_value(stored, sqlite.dialect())
    assert given_back == moment
    assert given_back is not None
    assert given_back.tzinfo is UTC
    # PostgreSQL answers in the zone of its session.
    answered = TYPE.process_result_value(moment.astimezone(back), postgresql.dialect())
    assert answered == moment
    assert answered is not None
    assert answered.tzinfo is UTC


@settings(max_examples=5)
@given(st.lists(MOMENTS, min_size=2, max_size=8))
def test_the_database_orders_moments_whatever_their_zone(moments: list[datetime]) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        MOMENT_TABLE.create(connection)
        connection.execute(insert(MOMENT_TABLE), [{"at": moment} for moment in moments])
        ordered = connection.scalars(select(MOMENT_TABLE.c.at).order_by(MOMENT_TABLE.c.at)).all()
        first = connection.scalars(
            select(MOMENT_TABLE.c.at).where(MOMENT_TABLE.c.at <= min(moments))
        ).all()
    engine.dispose()
    assert list(ordered) == sorted(moments)
    assert set(first) == {min(moments)}


def test_a_naive_moment_is_refused(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'moments.db'}")
    with engine.begin() as connection:
        MOMENT_TABLE.create(connection)
        with pytest.raises(StatementError, match="naive"):
            connection.execute(insert(MOMENT_TABLE), {"at": datetime(2026, 3, 1)})  # noqa: DTZ001
    engine.dispose()


def test_nothing_stays_nothing() -> None:
    assert TYPE.process_bind_param(None, sqlite.dialect()) is None
    assert TYPE.process_result_value(None, sqlite.dialect()) is None
