"""Communities, and the people in them."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import HEX_SHA256, Base, Key
from storage.types import Measure, PlatformName, ReplyMode, enum_column


class Community(Base):
    """One Discord channel, one subreddit, or one local board."""

    __tablename__ = "communities"
    __table_args__ = (
        UniqueConstraint("platform", "source_id"),
        # Lets posts point at (id, platform), so that a post cannot be on another platform.
        UniqueConstraint("id", "platform"),
        CheckConstraint("horizon_seconds > 0", name="horizon_positive"),
        CheckConstraint(
            "(low_up_to IS NULL) = (medium_up_to IS NULL)", name="thresholds_both_or_neither"
        ),
        CheckConstraint("low_up_to < medium_up_to", name="thresholds_in_order"),
        CheckConstraint("min_percentile >= 0 AND min_percentile <= 1", name="min_percentile_range"),
        CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet_hours_whole"),
        CheckConstraint(
            "quiet_from >= 0 AND quiet_from < 1440 AND quiet_until >= 0 AND quiet_until < 1440",
            name="quiet_hours_range",
        ),
        CheckConstraint("replies_per_minute > 0", name="replies_per_minute_positive"),
        CheckConstraint("guess_seconds > 0", name="guess_seconds_positive"),
        CheckConstraint("(paused_at IS NULL) = (paused_reason IS NULL)", name="pause_has_reason"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    platform: Mapped[PlatformName] = mapped_column(enum_column(PlatformName, "platform"))
    source_id: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(200))
    horizon_seconds: Mapped[int] = mapped_column(default=24 * 3600)
    #: Fixed thresholds of the buckets (scores); both null: the community's terciles.
    low_up_to: Mapped[int | None]
    medium_up_to: Mapped[int | None]
    created_at: Mapped[datetime]
    #: Whether new posts are ingested. Earlier posts go on.
    watched: Mapped[bool] = mapped_column(default=True, server_default=true())
    reply_mode: Mapped[ReplyMode] = mapped_column(
        enum_column(ReplyMode, "reply_mode"), default=ReplyMode.REPLY, server_default="reply"
    )
    #: Whether the prediction is kept from people until they guessed, and from all until the close.
    blind: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: Posts expected to beat a smaller share than this (0 to 1) are predicted without a reply.
    min_percentile: Mapped[float | None]
    #: No word between these minutes after midnight, by the clocks of ``time_zone``.
    quiet_from: Mapped[int | None]
    quiet_until: Mapped[int | None]
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC", server_default="UTC")
    replies_per_minute: Mapped[int | None]
    #: Guessing closes at this age of the post, or at this score, whichever comes first.
    guess_seconds: Mapped[int] = mapped_column(default=3600, server_default="3600")
    guess_score: Mapped[int | None]
    #: Ages at which a score is read before the horizon, seconds; null: the usual ones.
    readings: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    #: Whether the board's site shows it, as its admin chose; null: by `bot.visibility`'s rule.
    on_site: Mapped[bool | None]
    #: What its posts are judged by from now on; labels keep what they were judged by.
    measure: Mapped[Measure] = mapped_column(
        enum_column(Measure, "measure"), default=Measure.SCORE, server_default="score"
    )
    #: Since when, and why, the bot says nothing here by itself.
    paused_at: Mapped[datetime | None]
    paused_reason: Mapped[str | None] = mapped_column(Text)
    #: The platform's id of the newest item that was ingested: where the backfill begins.
    high_water: Mapped[str | None] = mapped_column(String(128))
    #: What only the platform knows how to read: emoji, channels, switches.
    options: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")

    @property
    def server(self) -> str | None:
        """The platform's id of the server that it is a part of; None: it is of no server."""
        found: str | None = self.options.get("guild")
        return found

    @property
    def server_or_self(self) -> str:
        """The server that settings of servers are kept for; a community of none has its own."""
        return self.server or self.source_id


class WatchedGroup(Base):
    """Communities that belong together on their platform, of which new ones are watched, too.

    On Discord: a category of channels.
    """

    __tablename__ = "watched_groups"
    __table_args__ = (UniqueConstraint("platform", "source_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    platform: Mapped[PlatformName] = mapped_column(enum_column(PlatformName, "platform"))
    source_id: Mapped[str] = mapped_column(String(128))
    watched_at: Mapped[datetime]


class Author(Base):
    """A person, known only by a keyed hash of their id on one platform."""

    __tablename__ = "authors"
    __table_args__ = (
        UniqueConstraint("platform", "hash"),
        CheckConstraint(f"length(hash) = {HEX_SHA256}", name="hash_length"),
        Index(
            "ix_authors_opted_out",
            "id",
            sqlite_where=text("opted_out_at IS NOT NULL"),
            postgresql_where=text("opted_out_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    platform: Mapped[PlatformName] = mapped_column(enum_column(PlatformName, "platform"))
    hash: Mapped[str] = mapped_column(String(HEX_SHA256))
    opted_out_at: Mapped[datetime | None]
    #: The platform's id of who plays in the league, which only the people key opens; null: unknown.
    sealed_id: Mapped[str | None] = mapped_column(String(64))
    #: When an admin of the board shut them out; null: nobody did.
    banned_at: Mapped[datetime | None]
    #: When they chose that others may see their page; null: they did not.
    shown_at: Mapped[datetime | None]
