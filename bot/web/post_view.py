"""A post as the board shows it: its state, its words and its numbers, for pages and for JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from sqlalchemy.orm import joinedload, selectinload

from bot.league.secrecy import Reader, may_be_guessed, secret_sentence, why_secret
from bot.serving import phrases
from bot.serving.attribute_phrases import looks_like
from bot.serving.forecast import Card, Outcome, OutcomeWaits, beats_few, outcome, stored_card
from bot.serving.second_look import SecondLook
from bot.serving.waiting import Waits
from bot.texts.translate import gettext as _
from bot.web.guess_view import GuessView
from bot.web.post_stage import Stage, guess_refusal, stage_of, vote_refusal
from bot.web.votes import Tally
from storage.tables import Image, Post, PostImage, Prediction
from storage.types import Bucket, PlatformName


@dataclass(frozen=True, slots=True)
class Bar:
    """One bucket of the prediction."""

    bucket: Bucket
    share: float  # 0 to 1
    predicted: bool  # the most probable one, or one of two that look alike
    happened: bool  # the one the label fell into


#: What a post is read together with, to be shown: three statements for a page of posts.
SHOWN_WITH: Final = (
    joinedload(Post.community, innerjoin=True),
    joinedload(Post.label),
    joinedload(Post.reply),
    selectinload(Post.images).joinedload(PostImage.image),
    selectinload(Post.prediction_rows).joinedload(Prediction.model_version, innerjoin=True),
)


@dataclass(frozen=True, slots=True)
class PostView:
    """One post for one visitor at one moment. Holds nothing that they may not know yet."""

    id: int
    stage: Stage
    title: str
    community_id: int
    community: str  # its name
    own: bool  # whether the visitor posted it
    on_board: bool  # whether it was posted here, where people vote and guess
    link: str | None  # where it was posted, if it was elsewhere
    score_elsewhere: float | None  # the newest that was read there
    image: Image | None  # of several the one that the prediction is about
    more_images: tuple[Image, ...]  # the others
    spoiler: bool  # its author hid the image, so that it is not shown
    refusal: str | None
    posted_at: datetime
    horizon_at: datetime
    silent: bool
    secret: str | None  # why its prediction is kept from everybody until the votes are in
    card: Card | None
    outcome: Outcome | None
    waits: Waits | None  # its final score, while it waits for others to be compared with
    sentences: tuple[str, ...]  # the prediction in words, the first is the main one
    heading: str | None  # where the early votes say that it is heading, in words
    place: str | None  # how well Peoria knows this community, in words
    notes: tuple[str, ...]  # what to know about it
    outcome_sentences: tuple[str, ...]
    tally: Tally
    vote_refusal: str | None  # why the visitor cannot vote; None if they can
    guesses: GuessView
    guess_refusal: str | None  # why the visitor cannot guess; None if they can
    payouts: Mapping[Bucket, float]  # what a right guess pays now; empty where that is not known
    guessing_closes_at: datetime | None  # None when it has closed, or never was open

    @property
    def url(self) -> str:
        """The post's own page."""
        return f"/posts/{self.id}"

    @property
    def image_url(self) -> str | None:
        """Where its image is; None if there is none to show."""
        if self.image is None or self.spoiler or self.image.dropped_at is not None:
            return None
        return f"/images/{self.image.id}"

    @property
    def kept_back(self) -> bool:
        """Whether the visitor may ask to see the prediction without a guess."""
        return self.stage == "blind" and self.on_board

    @property
    def guess_line(self) -> str | None:
        """The guesses in words, once guessing has closed; None while it is open or without any."""
        if self.guessing_closes_at is not None or not self.guesses.people:
            return None
        return phrases.guesses_sentence(self.guesses.counts)

    @property
    def own_guess_line(self) -> str | None:
        """The result of the visitor's own guess; None while there is none."""
        mine = self.guesses.mine
        if mine is None or self.guessing_closes_at is not None:
            return None
        return phrases.own_guess_sentence(mine, self.guesses.points)

    @property
    def is_settled(self) -> bool:
        """Whether nothing but time will change it."""
        return self.stage in ("final", "refused", "withdrawn")

    @property
    def bars(self) -> tuple[Bar, ...]:
        """The three probabilities; none while there is nothing to show."""
        card = self.card
        if card is None:
            return ()
        happened = self.outcome.bucket if self.outcome and self.outcome.told else None
        likely = card.likely
        shares = zip(Bucket, (card.p_low, card.p_medium, card.p_high), strict=True)
        return tuple(
            Bar(bucket, share, bucket in likely, bucket is happened) for bucket, share in shares
        )


def view_post(
    post: Post,
    tally: Tally,
    guesses: GuessView,
    second_look: SecondLook | None,
    waits: Waits | None,
    *,
    author_id: int | None,
    now: datetime,
    score_elsewhere: float | None = None,
    payouts: Mapping[Bucket, float] = MappingProxyType({}),
) -> PostView:
    """What a visitor may see of ``post`` (with everything `storage.queries.posts.load_post` loads).

    Args:
        tally: its votes, as they see them.
        guesses: its guesses, as they see them.
        second_look: the newest, if it had one.
        waits: its final score, while it waits for others.
        author_id: the visitor's, if they have one.
        now: aware.
        score_elsewhere: the newest score of a post on another platform.
        payouts: what a right guess pays.
    """
    community = post.community.name
    on_board = post.platform is PlatformName.WEB
    horizon_at = post.posted_at + timedelta(seconds=post.community.horizon_seconds)
    own = author_id is not None and post.author_id == author_id
    open_ = may_be_guessed(post, now)
    secret = why_secret(
        post,
        Reader(has_seen=guesses.viewed, is_author=own),
        now,
        votes_are_in=post.label is not None or waits is not None,
    )
    stage = stage_of(post, horizon_at, now, secret=secret, waits=waits is not None)
    card = _card(post, stage) if secret is None else None
    result: Outcome | None = None
    if post.label is not None and card is not None:
        result = outcome(card, post.label)
    withdrawn = stage == "withdrawn"
    image = None if withdrawn else _image(post)
    return PostView(
        id=post.id,
        stage=stage,
        title="" if withdrawn else post.title,
        community_id=post.community_id,
        community=community,
        own=own,
        on_board=on_board,
        link=None if withdrawn or on_board else _web_address(post.link),
        score_elsewhere=None if withdrawn else score_elsewhere,
        spoiler=post.is_spoiler,
        image=image,
        more_images=()
        if image is None
        else tuple(each for each in _images(post) if each is not image),
        refusal=phrases.refusal_sentence(post),
        posted_at=post.posted_at,
        horizon_at=post.label.matured_at if post.label else horizon_at,
        silent=post.silent,
        secret=None if secret is None else secret_sentence(secret),
        card=card,
        outcome=result,
        waits=waits if stage == "waiting" else None,
        sentences=_sentences(card, community) if card else (),
        heading=(
            phrases.heading_sentence(second_look, community)
            if second_look is not None and stage == "predicted" and not open_
            else None
        ),
        # Of a prediction that has met the votes it is no news what was known before.
        place=(
            phrases.place_sentence(card, community)
            if card and stage in ("predicted", "counting")
            else None
        ),
        notes=tuple(_notes(post, card, horizon_at, community)),
        outcome_sentences=(
            _waiting_sentences(card, waits, community)
            if waits is not None and stage == "waiting"
            else _outcome_sentences(post, result, community)
        ),
        tally=Tally() if withdrawn else tally,
        vote_refusal=vote_refusal(post, author_id, closed=now > horizon_at),
        guesses=GuessView() if withdrawn else guesses,
        guess_refusal=guess_refusal(post, own=own, is_open=open_),
        payouts=payouts,
        guessing_closes_at=post.guessing_closed_at if open_ else None,
    )


def _web_address(link: str | None) -> str | None:
    # What a file said is a link may be anything.
    return link if link is not None and link.startswith(("https://", "http://")) else None


def _card(post: Post, stage: Stage) -> Card | None:
    shown = stage in ("predicted", "counting", "waiting", "final")
    return (
        stored_card(post.prediction_rows[0], genre=post.shown_genre)
        if shown and post.prediction_rows
        else None
    )


def _image(post: Post) -> Image | None:
    predicted = {row.image_id for row in post.prediction_rows}
    usable = _images(post)
    # Of several images, the one that the prediction is about.
    return next((image for image in usable if image.id in predicted), next(iter(usable), None))


def _images(post: Post) -> list[Image]:
    return [place.image for place in post.images if place.image is not None]


def _others(post: Post, image: Image) -> tuple[Image, ...]:
    return tuple(each for each in _images(post) if each is not image)


def _sentences(card: Card, community: str) -> tuple[str, ...]:
    score = phrases.score_sentence(card)
    headline = phrases.headline(card, community)
    return (headline, score) if score else (headline,)


def _notes(post: Post, card: Card | None, horizon_at: datetime, community: str) -> list[str]:
    if card is None:
        return []
    notes = [
        looks_like(card),
        phrases.set_aside_note(card),
        phrases.knowledge_note(card, community),
    ]
    if post.silent:
        notes.append(_(phrases.WAS_SILENT))
    if post.prediction_rows[0].made_at >= horizon_at:
        notes.append(_(phrases.PREDICTED_AFTER_HORIZON))
    return [note for note in notes if note]


def _waiting_sentences(card: Card | None, waits: Waits, community: str) -> tuple[str, ...]:
    if card is None:
        return (phrases.missing_sentence(waits.missing, waits.needed, community),)
    ending = OutcomeWaits(card, waits.score, waits.missing, waits.needed)
    return phrases.waiting_sentences(ending, community)


def _outcome_sentences(post: Post, result: Outcome | None, community: str) -> tuple[str, ...]:
    label = post.label
    if label is None:
        return ()
    standing = phrases.standing_sentence(
        (label.percentile_low + label.percentile_high) / 2,
        community,
        told=label.percentile_low > 0 or label.percentile_high < 1,
        few=beats_few(label),
    )
    if result is None:
        return (phrases.label_sentence(label.bucket, label.score), standing)
    return (phrases.outcome_sentence(result), standing)
