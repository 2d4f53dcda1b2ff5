"""The sums that boards and curves are read from: they grow with every label, and can be rebuilt.

A label adds to them in its own transaction, so that they hold each label exactly once.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import log1p
from typing import Any, Protocol, TypeAlias

from sqlalchemy import ColumnElement, Row, case, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.engine.database import Database
from storage.engine.upsert import Change, insert_or_add
from storage.tables import (
    Base,
    CommunityGuesses,
    DailyLabel,
    DailyScore,
    Guess,
    Label,
    Post,
    Prediction,
    Reply,
    Standing,
)
from storage.types import ForecasterKind, PostOrigin, ReplySkip, ReplyState

#: The community of the sums over all communities, and the season of those over all time.
EVERYWHERE = 0
ALL_TIME = "all"

#: Labels that a rebuild takes up at a time.
_CHUNK = 2000

SeasonOf: TypeAlias = Callable[[datetime], str]
#: A row of sums: its primary key, and the rest of it by column.
Key: TypeAlias = tuple[Any, ...]
Sums: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """How one forecaster did on one post.

    Attributes:
        kind: a person or a model.
        forecaster_id: an author's or a model version's id.
        points: league points; above 0 exactly when the guess was right, as no base rate is 1.
        base_rate: of the bucket that was guessed, 0 to 1.
        blind: a person who had not been shown the prediction.
        log: log loss, nats; 0 for people, like the rest.
        rps: ranked probability score.
        brier: Brier score.
        base_log: what equal chances for all bins would have scored.
        base_rps: the same for the ranked probability score.
    """

    kind: ForecasterKind
    forecaster_id: int
    points: float
    base_rate: float
    blind: bool = False
    log: float = 0.0
    rps: float = 0.0
    brier: float = 0.0
    base_log: float = 0.0
    base_rps: float = 0.0

    @property
    def hit(self) -> bool:
        """Whether the guess was right."""
        return self.points > 0


@dataclass(frozen=True, slots=True)
class ScoredLabel:
    """A label with everything that was scored by it.

    Attributes:
        community_id: where the post is.
        score: the label's.
        matured_at: decides day (UTC) and season.
        written_at: decides the order, which streaks go by.
        live: whether the post was seen when it appeared.
        spoken: True where people were answered, False where chance alone kept them from it, None
            where it was something else.
        results: of every forecaster; models in the order in which they predicted.
    """

    community_id: int
    score: float
    matured_at: datetime
    written_at: datetime
    live: bool
    spoken: bool | None
    results: Sequence[Result]


class Answer(Protocol):
    """What became of a reply, as `storage.tables.Reply` has it."""

    @property
    def state(self) -> ReplyState | None:
        """None where no reply was recorded."""

    @property
    def skip_code(self) -> ReplySkip | None:
        """Why there is no reply."""


def was_spoken(silent: bool, answer: Answer | None) -> bool | None:
    """Whether people were answered (True) or chance alone kept them from it (False).

    None where nothing was said for another reason: those posts tell nothing of what speaking does.

    Args:
        silent: whether the post was in the silent share.
        answer: what became of the reply.
    """
    if answer is None:
        return None
    if answer.state in (ReplyState.SENT, ReplyState.SETTLED):
        return True
    return False if silent and answer.skip_code is ReplySkip.SILENT_SHARE else None


async def add_label(session: AsyncSession, label: ScoredLabel, season: str) -> None:
    """Add one label to all sums. Needs the label's own write session.

    Labels must be added in the order of ``written_at``.
    """
    changes: dict[str, Change] = {
        "streak": _streak,
        "best_streak": _best_streak,
        "updated_at": _updated_at,
    }
    await insert_or_add(session, Standing, _rows(Standing, _standings(label, season)), **changes)
    guesses = _rows(CommunityGuesses, _community_guesses(label, season))
    await insert_or_add(session, CommunityGuesses, guesses)
    await insert_or_add(session, DailyScore, _rows(DailyScore, _daily_scores(label)))
    await insert_or_add(session, DailyLabel, _rows(DailyLabel, _daily_labels(label)))


async def drop_standings(session: AsyncSession, author_id: int) -> int:
    """Drop a person's standings, and take them out of the sums; return how many there were."""
    mine = (Standing.kind == ForecasterKind.PERSON, Standing.forecaster_id == author_id)
    columns = (
        Standing.season, Standing.community_id, Standing.n, Standing.hits, Standing.expected_hits,
    )  # fmt: skip
    rows = (await session.execute(select(*columns).where(*mine))).all()
    sums = CommunityGuesses
    for row in rows:
        await session.execute(
            update(sums)
            .where(sums.season == row.season, sums.community_id == row.community_id)
            .values(
                n=sums.n - row.n,
                hits=sums.hits - row.hits,
                expected_hits=sums.expected_hits - row.expected_hits,
            )
        )
    await session.execute(delete(sums).where(sums.n <= 0))
    await session.execute(delete(Standing).where(*mine))
    return len(rows)


async def rebuild(database: Database, season_of: SeasonOf) -> int:
    """Work all sums out anew from labels, predictions and guesses; return how many labels.

    Most of it is read while others write; they wait only for the labels that came meanwhile, and
    for the sums to be exchanged.

    Args:
        database: whose sums.
        season_of: the season of a moment, as ``2026-11``.
    """
    sums = _Rebuilt(season_of)
    async with database.read() as session:
        await sums.take_up(session)
    async with database.write() as session:
        await sums.take_up(session)
        await sums.put_in_place(session)
    return sums.count


class _Rebuilt:
    """Sums in memory, and up to which label they go."""

    def __init__(self, season_of: SeasonOf) -> None:
        self._season_of = season_of
        self._standings: dict[Key, Sums] = {}
        self._daily_scores: dict[Key, Sums] = {}
        self._daily_labels: dict[Key, Sums] = {}
        self._last: tuple[datetime, int] | None = None
        self.count = 0

    async def take_up(self, session: AsyncSession) -> None:
        """Add every label that was written after the last one."""
        while chunk := await _labels_after(session, self._last):
            results = await _results(session, [row.post_id for row in chunk])
            for row in chunk:
                found = results[row.post_id]
                live = row.origin is PostOrigin.LIVE
                if found or live:
                    self._add(
                        ScoredLabel(
                            community_id=row.community_id,
                            score=row.score,
                            matured_at=row.matured_at,
                            written_at=row.written_at,
                            live=live,
                            spoken=was_spoken(row.silent, row),
                            results=found,
                        )
                    )
            self._last = chunk[-1].written_at, chunk[-1].post_id

    def _add(self, label: ScoredLabel) -> None:
        self.count += 1
        for key, sums in _standings(label, self._season_of(label.matured_at)).items():
            _add_standing(self._standings, key, sums)
        for key, sums in _daily_scores(label).items():
            _add(self._daily_scores, key, sums)
        for key, sums in _daily_labels(label).items():
            _add(self._daily_labels, key, sums)

    async def put_in_place(self, session: AsyncSession) -> None:
        """Exchange what is stored. Needs the write session that the last labels were read in."""
        # Who was forgotten since they were read stays forgotten.
        scored = select(Guess.author_id).where(Guess.base_rate.is_not(None)).distinct()
        people = set(await session.scalars(scored))
        standings = {
            (season, community, kind, who): sums
            for (season, community, kind, who), sums in self._standings.items()
            if kind is ForecasterKind.MODEL or who in people
        }
        tables: tuple[tuple[type[Base], dict[Key, Sums]], ...] = (
            (Standing, standings),
            (CommunityGuesses, _summed(standings)),
            (DailyScore, self._daily_scores),
            (DailyLabel, self._daily_labels),
        )
        for table, rows in tables:
            await session.execute(delete(table))
            if rows:
                await session.execute(insert(table), _rows(table, rows))


async def _labels_after(
    session: AsyncSession, last: tuple[datetime, int] | None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The next labels, in the order in which they were written."""
    query = (
        select(
            Label.post_id, Label.community_id, Label.score, Label.matured_at, Label.written_at,
            Post.origin, Post.silent, Reply.state, Reply.skip_code,
        )
        .join(Post, Post.id == Label.post_id)
        .outerjoin(Reply, Reply.post_id == Label.post_id)
        .order_by(Label.written_at, Label.post_id)
        .limit(_CHUNK)
    )  # fmt: skip
    if last is not None:
        written_at, post_id = last
        # The first part says nothing new, but it is what the index is searched by.
        query = query.where(
            Label.written_at >= written_at,
            or_(Label.written_at > written_at, Label.post_id > post_id),
        )
    return (await session.execute(query)).all()


async def _results(
    session: AsyncSession, post_ids: Sequence[int]
) -> Mapping[int, Sequence[Result]]:
    """What was scored on each post: models and people, each in the order of their rows."""
    found: defaultdict[int, list[Result]] = defaultdict(list)
    predictions = await session.execute(
        select(
            Prediction.post_id, Prediction.model_version_id, Prediction.points,
            Prediction.base_rate, Prediction.log_score, Prediction.rps, Prediction.brier,
            Prediction.base_log_score, Prediction.base_rps,
        )
        .where(Prediction.post_id.in_(post_ids), Prediction.base_rate.is_not(None))
        .order_by(Prediction.id)
    )  # fmt: skip
    for row in predictions:
        found[row.post_id].append(
            Result(
                kind=ForecasterKind.MODEL,
                forecaster_id=row.model_version_id,
                points=row.points,
                base_rate=row.base_rate,
                log=row.log_score,
                rps=row.rps,
                brier=row.brier,
                base_log=row.base_log_score,
                base_rps=row.base_rps,
            )
        )
    guesses = await session.execute(
        select(Guess.post_id, Guess.author_id, Guess.points, Guess.base_rate, Guess.blind)
        .where(Guess.post_id.in_(post_ids), Guess.base_rate.is_not(None))
        .order_by(Guess.id)
    )
    for guess in guesses:
        found[guess.post_id].append(
            Result(
                kind=ForecasterKind.PERSON,
                forecaster_id=guess.author_id,
                points=guess.points,
                base_rate=guess.base_rate,
                blind=guess.blind,
            )
        )
    return found


def _standings(label: ScoredLabel, season: str) -> dict[Key, Sums]:
    # What people are compared with: the prediction that came first, the one that was shown.
    bot = next((each for each in label.results if each.kind is ForecasterKind.MODEL), None)
    return {
        (span, community_id, result.kind, result.forecaster_id): {
            "n": 1,
            "hits": int(result.hit),
            "expected_hits": result.base_rate,
            "points": result.points,
            "points_squared": result.points**2,
            **_duel(result, bot),
            "streak": int(result.hit),
            "best_streak": int(result.hit),
            "log_sum": result.log,
            "rps_sum": result.rps,
            "base_rps_sum": result.base_rps,
            "brier_sum": result.brier,
            "updated_at": label.written_at,
        }
        for result in label.results
        for span in (season, ALL_TIME)
        for community_id in (label.community_id, EVERYWHERE)
    }


def _duel(result: Result, bot: Result | None) -> Sums:
    """A blind guess beside the bot's; nothing where one of the two is missing."""
    compared = result.blind and bot is not None
    return {
        "blind_n": int(compared),
        "blind_hits": int(compared and result.hit),
        "blind_expected_hits": result.base_rate if compared else 0.0,
        "blind_points": result.points if compared else 0.0,
        "bot_hits": int(bot.hit) if compared and bot else 0,
        "bot_points": bot.points if compared and bot else 0.0,
    }


def _community_guesses(label: ScoredLabel, season: str) -> dict[Key, Sums]:
    guesses = [each for each in label.results if each.kind is ForecasterKind.PERSON]
    if not guesses:
        return {}
    sums = {
        "n": len(guesses),
        "hits": sum(each.hit for each in guesses),
        "expected_hits": sum(each.base_rate for each in guesses),
    }
    return {(span, label.community_id): sums for span in (season, ALL_TIME)}


def _summed(standings: Mapping[Key, Sums]) -> dict[Key, Sums]:
    """What `CommunityGuesses` holds, from the standings."""
    found: dict[Key, Sums] = {}
    for (season, community_id, kind, _), sums in standings.items():
        if kind is ForecasterKind.PERSON and community_id != EVERYWHERE:
            few = {name: sums[name] for name in ("n", "hits", "expected_hits")}
            _add(found, (season, community_id), few)
    return found


def _daily_scores(label: ScoredLabel) -> dict[Key, Sums]:
    return {
        (_day(label), label.community_id, result.forecaster_id): {
            "n": 1,
            "hits": int(result.hit),
            "expected_hits": result.base_rate,
            "rps_sum": result.rps,
            "base_rps_sum": result.base_rps,
            "gain_squared_sum": (result.base_rps - result.rps) ** 2,
            "log_sum": result.log,
            "base_log_sum": result.base_log,
            "brier_sum": result.brier,
        }
        for result in label.results
        if result.kind is ForecasterKind.MODEL
    }


def _daily_labels(label: ScoredLabel) -> dict[Key, Sums]:
    if not label.live:
        return {}
    value = log1p(max(label.score, 0.0))
    spoken, silent = int(label.spoken is True), int(label.spoken is False)
    return {
        (_day(label), label.community_id): {
            "n": 1,
            "spoken_n": spoken,
            "spoken_sum": spoken * value,
            "spoken_squared": spoken * value**2,
            "silent_n": silent,
            "silent_sum": silent * value,
            "silent_squared": silent * value**2,
        }
    }


def _day(label: ScoredLabel) -> date:
    return label.matured_at.astimezone(UTC).date()


def _rows(table: type[Base], sums: Mapping[Key, Sums]) -> list[dict[str, Any]]:
    names = [column.name for column in table.__table__.primary_key]
    return [dict(zip(names, key, strict=True)) | each for key, each in sums.items()]


# Streaks: once for the database, once for a rebuild. A new row's own streak is 1 or 0.


def _streak(there: Any, new: Any) -> ColumnElement[int]:
    return case((new.streak > 0, there.streak + 1), else_=0)


def _updated_at(_: Any, new: Any) -> ColumnElement[datetime]:
    written: ColumnElement[datetime] = new.updated_at
    return written


def _best_streak(there: Any, new: Any) -> ColumnElement[int]:
    streak = _streak(there, new)
    return case((streak > there.best_streak, streak), else_=there.best_streak)


def _add_standing(rows: dict[Key, Sums], key: Key, new: Sums) -> None:
    before = rows.get(key)
    if before is not None:
        streak = before["streak"] + 1 if new["streak"] else 0
        best_streak = max(before["best_streak"], streak)
        new = new | {"streak": streak, "best_streak": best_streak}
    _add(rows, key, new, kept=("streak", "best_streak", "updated_at"))


def _add(rows: dict[Key, Sums], key: Key, new: Sums, *, kept: Sequence[str] = ()) -> None:
    before = rows.get(key)
    if before is None:
        rows[key] = new
        return
    rows[key] = {
        name: value if name in kept else before[name] + value for name, value in new.items()
    }
