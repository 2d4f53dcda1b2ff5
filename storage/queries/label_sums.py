"""What one label adds to each table of sums, without a database."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date
from math import log1p
from typing import Any, TypeAlias

from storage.queries.scored_labels import Result, ScoredLabel
from storage.tables import Base
from storage.types import ForecasterKind

#: The community of the sums over all communities, and the season of those over all time.
EVERYWHERE = 0
ALL_TIME = "all"

#: A row of sums: its primary key, and the rest of it by column.
Key: TypeAlias = tuple[Any, ...]
Sums: TypeAlias = dict[str, Any]


def standing_sums(label: ScoredLabel, season: str) -> dict[Key, Sums]:
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


def guess_sums(label: ScoredLabel, season: str) -> dict[Key, Sums]:
    guesses = [each for each in label.results if each.kind is ForecasterKind.PERSON]
    if not guesses:
        return {}
    sums = {
        "n": len(guesses),
        "hits": sum(each.hit for each in guesses),
        "expected_hits": sum(each.base_rate for each in guesses),
    }
    return {(span, label.community_id): sums for span in (season, ALL_TIME)}


def summed_guesses(standings: Mapping[Key, Sums]) -> dict[Key, Sums]:
    """What `CommunityGuesses` holds, from the standings."""
    found: dict[Key, Sums] = {}
    for (season, community_id, kind, _), sums in standings.items():
        if kind is ForecasterKind.PERSON and community_id != EVERYWHERE:
            few = {name: sums[name] for name in ("n", "hits", "expected_hits")}
            add_sums(found, (season, community_id), few)
    return found


def daily_score_sums(label: ScoredLabel) -> dict[Key, Sums]:
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


def daily_label_sums(label: ScoredLabel) -> dict[Key, Sums]:
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


def rows_of(table: type[Base], sums: Mapping[Key, Sums]) -> list[dict[str, Any]]:
    names = [column.name for column in table.__table__.primary_key]
    return [dict(zip(names, key, strict=True)) | each for key, each in sums.items()]


def add_standing(rows: dict[Key, Sums], key: Key, new: Sums) -> None:
    before = rows.get(key)
    if before is not None:
        streak = before["streak"] + 1 if new["streak"] else 0
        best_streak = max(before["best_streak"], streak)
        new = new | {"streak": streak, "best_streak": best_streak}
    add_sums(rows, key, new, kept=("streak", "best_streak", "updated_at"))


def add_sums(rows: dict[Key, Sums], key: Key, new: Sums, *, kept: Sequence[str] = ()) -> None:
    before = rows.get(key)
    if before is None:
        rows[key] = new
        return
    rows[key] = {
        name: value if name in kept else before[name] + value for name, value in new.items()
    }
