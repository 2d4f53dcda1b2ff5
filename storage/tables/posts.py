"""Posts, their images, the bot's replies, and the votes of the board."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storage.tables.base import Base, Key
from storage.tables.communities import Community
from storage.tables.images import Image
from storage.tables.labels import Label
from storage.tables.predictions import Prediction
from storage.types import (
    SPOILER,
    PlatformName,
    PostOrigin,
    PostRefusal,
    PostState,
    ReplySkip,
    ReplyState,
    VoteHold,
    enum_column,
)


class Post(Base):
    """One publication in a community."""

    __tablename__ = "posts"
    __table_args__ = (
        UniqueConstraint("platform", "source_id"),
        ForeignKeyConstraint(
            ["community_id", "platform"], ["communities.id", "communities.platform"]
        ),
        CheckConstraint(
            "origin = 'imported' OR predicted_at IS NOT NULL"
            " OR state NOT IN ('predicted', 'awaiting_score', 'labelled', 'settling')",
            name="predicted_has_time",
        ),
        CheckConstraint(
            "(state = 'refused') = (refusal_code IS NOT NULL)", name="refused_has_reason"
        ),
        CheckConstraint(
            "(refusal IS NOT NULL) = (refusal_code IS NOT NULL AND refusal_code = 'other')",
            name="other_refusal_has_sentence",
        ),
        CheckConstraint(
            "due_at IS NULL OR state NOT IN ('refused', 'withdrawn')",
            name="ended_is_not_due",
        ),
        Index(
            "ix_posts_due",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        Index("ix_posts_feed", "community_id", "posted_at"),
        # An author's newest posts in a community are read from it without looking at the others.
        Index("ix_posts_author", "author_id", "community_id", "posted_at"),
        Index(
            "ix_posts_reserved",
            "community_id",
            "reserved",
            sqlite_where=text("state IN ('predicted', 'awaiting_score')"),
            postgresql_where=text("state IN ('predicted', 'awaiting_score')"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    community_id: Mapped[int] = mapped_column(Key)
    platform: Mapped[PlatformName] = mapped_column(enum_column(PlatformName, "platform"))
    source_id: Mapped[str] = mapped_column(String(128))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("authors.id"))
    origin: Mapped[PostOrigin] = mapped_column(enum_column(PostOrigin, "origin"))
    title: Mapped[str] = mapped_column(Text)
    #: Where people find the post; null where the platform has no addresses.
    link: Mapped[str | None] = mapped_column(Text)
    posted_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    predicted_at: Mapped[datetime | None]
    state: Mapped[PostState] = mapped_column(enum_column(PostState, "state"))
    #: Why the post cannot be used, or gets no label.
    refusal_code: Mapped[PostRefusal | None] = mapped_column(
        enum_column(PostRefusal, "refusal_code")
    )
    #: The same as a sentence, where the code alone does not say it.
    refusal: Mapped[str | None] = mapped_column(Text)
    #: When the next step is due; null when there is none.
    due_at: Mapped[datetime | None]
    #: Failed tries of the present step (a download that timed out, a platform that was away).
    tries: Mapped[int] = mapped_column(default=0)
    #: Looks in vain for its score that found it out of sight, since the score was last read.
    hidden_looks: Mapped[int] = mapped_column(server_default="0")
    #: In the silent share: predicted without a reply, to measure what replies do to the votes.
    silent: Mapped[bool]
    #: Nats that its prediction may lose to the base rate; they count while it waits for its label.
    reserved: Mapped[float] = mapped_column(server_default="0")
    #: When guessing closes or closed; null for posts that nobody may guess on.
    guessing_closed_at: Mapped[datetime | None]
    #: What its platform knows of this post, and the options of its community that hold for it
    #: whatever they are changed to; null: those of the community.
    options: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    #: When an admin of the board hid it from everybody; null: nobody did.
    hidden_at: Mapped[datetime | None]

    #: How often its page on the board was opened, each visitor counted once while Peoria runs.
    views: Mapped[int] = mapped_column(default=0, server_default="0")
    #: The genre that counts here where it is another than the image's attributes say: people said
    #: so, or it is one of the community's own; null: what they say.
    genre: Mapped[str | None] = mapped_column(String(40), index=True)
    #: The genre of the community's own that its head tells; null: none, or it has no head.
    told_genre: Mapped[str | None] = mapped_column(String(40))
    #: Which head was asked; null: none was yet.
    told_genre_by: Mapped[str | None] = mapped_column(String(16))

    community: Mapped[Community] = relationship(overlaps="platform")
    images: Mapped[list["PostImage"]] = relationship(order_by="PostImage.position")
    prediction_rows: Mapped[list[Prediction]] = relationship(order_by="Prediction.id")
    label: Mapped[Label | None] = relationship()
    reply: Mapped["Reply | None"] = relationship()

    @property
    def shown_genre(self) -> str | None:
        """The genre that is shown where it is another than the image's attributes say."""
        return self.genre or self.told_genre

    @property
    def is_spoiler(self) -> bool:
        """Whether its author hid the image, or words, until they are clicked on."""
        return bool((self.options or {}).get(SPOILER))


class PostImage(Base):
    """An image of a post, in its place: first where to find it, later what it became."""

    __tablename__ = "post_images"
    __table_args__ = (
        CheckConstraint("image_id IS NULL OR refusal IS NULL", name="used_or_refused"),
    )

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    #: ``https://…`` to download, or ``sha256:…`` for bytes that are already in the image store.
    source: Mapped[str] = mapped_column(Text)
    image_id: Mapped[int | None] = mapped_column(ForeignKey("images.id"), index=True)
    refusal: Mapped[str | None] = mapped_column(Text)

    image: Mapped[Image | None] = relationship()


class Reply(Base):
    """What the bot said under a post. Recorded before it is sent."""

    __tablename__ = "replies"
    __table_args__ = (
        CheckConstraint(
            "state NOT IN ('sent', 'settled') OR source_id IS NOT NULL", name="sent_has_id"
        ),
        CheckConstraint(
            "(reason IS NOT NULL) = (skip_code IS NOT NULL AND skip_code = 'other')",
            name="other_skip_has_sentence",
        ),
        # For processes of the release before, which may run beside this one.
        Index(
            "ix_replies_open",
            "recorded_at",
            sqlite_where=text("state IN ('pending', 'sent')"),
            postgresql_where=text("state IN ('pending', 'sent')"),
        ),
        Index(
            "ix_replies_ended",
            "recorded_at",
            sqlite_where=text("post_ended AND state IN ('pending', 'sent')"),
            postgresql_where=text("post_ended AND state IN ('pending', 'sent')"),
        ),
        Index("ix_replies_recorded", "recorded_at"),
        # Whoever answers, reacts or votes names the reply.
        Index("ix_replies_source", "source_id"),
    )

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[ReplyState] = mapped_column(enum_column(ReplyState, "state"))
    #: The platform's id of the reply.
    source_id: Mapped[str | None] = mapped_column(String(128))
    recorded_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    #: Why there is no reply.
    skip_code: Mapped[ReplySkip | None] = mapped_column(enum_column(ReplySkip, "skip_code"))
    #: The same as a sentence, where the code alone does not say it.
    reason: Mapped[str | None] = mapped_column(Text)
    #: When it was changed to show that guessing has closed, where the platform does that.
    closed_at: Mapped[datetime | None]
    #: Tries of a change to it that failed, and when the next one is due; null: at once.
    tries: Mapped[int] = mapped_column(server_default="0")
    retry_at: Mapped[datetime | None]
    #: Why a change to it failed at last, or was given up, a sentence.
    fault: Mapped[str | None] = mapped_column(Text)
    #: Whether its post was refused or withdrawn; the database keeps it so by triggers.
    post_ended: Mapped[bool] = mapped_column(server_default=false())


class Vote(Base):
    """A vote on the local board. Other platforms keep their own votes."""

    __tablename__ = "votes"
    __table_args__ = (CheckConstraint("value IN (-1, 1)", name="up_or_down"),)

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"), primary_key=True)
    value: Mapped[int]
    voted_at: Mapped[datetime]
    #: Why it is held back and does not count; null: it counts.
    held: Mapped[VoteHold | None] = mapped_column(enum_column(VoteHold, "held"))
