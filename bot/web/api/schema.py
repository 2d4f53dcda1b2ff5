"""What the API answers with. Shares and percentiles are 0 to 1, times ISO 8601 in UTC."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.web.post_stage import Stage
from storage.types import Bucket, PlatformName

Share = Annotated[float, Field(ge=0, le=1)]


class Answer(BaseModel):
    """What all answers have in common: nothing of them changes."""

    model_config = ConfigDict(frozen=True)


class Health(Answer):
    """That Peoria answers."""

    status: Literal["ok", "trouble"] = Field(
        description="`trouble`: a part is not well that posts need; `main.py doctor` says which."
    )
    version: str = Field(description="Of Peoria.")
    time: datetime


class Community(Answer):
    """A community: a board, a channel, a subreddit."""

    id: int
    platform: PlatformName
    name: str
    horizon_seconds: int = Field(description="Age at which a score is final, seconds.")
    blind: bool = Field(description="Whether people guess before they see the prediction.")
    watched: bool = Field(description="Whether new posts are predicted.")
    labels: int = Field(description="Posts whose outcome is known.")


class Buckets(Answer):
    """One number for each bucket."""

    low: float
    medium: float
    high: float


class Spread(Answer):
    """The points below which 10%, 50% and 90% lie."""

    p10: float
    median: float
    p90: float


class Prediction(Answer):
    """What a model version foresees."""

    model_version: str
    probabilities: Buckets
    bucket: Bucket = Field(description="The most probable one, which it plays in the league.")
    beats: Share = Field(description="Share of the posts here that this one should beat.")
    bins: list[float] = Field(
        description="Probability of each of ten equal bins of the percentile, lowest first.",
        min_length=10,
        max_length=10,
    )
    percentile: Spread
    score: Spread | None = Field(description="Null: there are no scores here to read it from.")
    quantiles: str = Field(description="Whose scores: `community`, `platform` or `none`.")
    blank: bool = Field(description="The image holds no picture.")
    genre: str | None = Field(description="What kind of picture it is; null: not sure.")


class Outcome(Answer):
    """What really happened."""

    score: float
    bucket: Bucket
    percentile_low: Share = Field(description="Where posts of this score begin.")
    percentile_high: Share = Field(description="Where they end.")
    right: bool | None = Field(
        description="Whether the prediction's bucket was right; null: that cannot be said."
    )


class Votes(Answer):
    """Votes on a post of the board."""

    up: int
    down: int
    score: int
    mine: Literal[-1, 0, 1] = Field(description="The token's own; 0: none.")


class Guesses(Answer):
    """Guesses on a post of the board."""

    mine: Bucket | None
    points: float | None
    closes_at: datetime | None = Field(description="Null: guessing has closed, or never opened.")
    counts: dict[Bucket, int] | None = Field(description="Null while guessing is open.")


class Post(Answer):
    """A post as the token may see it now."""

    id: int
    community_id: int
    url: str = Field(description="Path of its page on this site.")
    link: str | None = Field(description="Where it was posted; null: on the board.")
    stage: Stage = Field(
        description="`looking`: not predicted yet. `secret`: the prediction is kept until the votes"
        " are in; `blind`: until you guess. `counting`: the score is being read. `waiting`: it is"
        " final and waits for others to be compared with. `final`: it has its label."
    )
    title: str
    spoiler: bool = Field(description="Its author hid it until it is clicked on.")
    image: str | None = Field(
        description="Path of the picture on this site; null: none is shown, as of spoilers."
    )
    posted_at: datetime
    horizon_at: datetime = Field(description="When its score is final.")
    prediction: Prediction | None = Field(description="Null while it is not there, or kept back.")
    outcome: Outcome | None = Field(description="Null while there is no label.")
    votes: Votes | None = Field(description="Null where people vote elsewhere.")
    guesses: Guesses | None = Field(description="Null where people guess elsewhere.")


class ScoredPrediction(Prediction):
    """A prediction of a post, and how it was scored."""

    id: int
    post_id: int
    community_id: int
    made_at: datetime
    log_score: float | None = Field(description="Log loss, nats; null: not scored.")
    rps: float | None = Field(description="Ranked probability score.")
    base_log_score: float | None = Field(description="The same of equal chances.")
    base_rps: float | None


class Label(Answer):
    """The outcome of a post."""

    post_id: int
    community_id: int
    title: str
    posted_at: datetime
    matured_at: datetime = Field(description="When the score became final.")
    score: float
    bucket: Bucket
    percentile_low: Share
    percentile_high: Share
    silent: bool = Field(description="Predicted in secret, to measure what a reply does.")
    model_version: str | None = Field(description="That predicted it; null: nobody did in time.")
    probabilities: Buckets | None
    log_score: float | None
    rps: float | None
    base_rps: float | None


class BoardRow(Answer):
    """A row of a leaderboard. What a board does not know is null."""

    rank: int | None = Field(description="Null: too few guesses for a rank.")
    name: str = Field(description="A nickname, a version's name, a community's, a post's title.")
    n: int = Field(description="Guesses or predictions that were scored.")
    hits: int
    hit_rate: float | None
    base_rate: float | None = Field(description="The hit rate that chance would have brought.")
    points: float | None
    rps_skill: float | None
    score: float | None
    percentile: float | None
    bucket: Bucket | None
    post_id: int | None


class Board(Answer):
    """A page of a leaderboard."""

    board: str
    season: str
    community_id: int
    total: int = Field(description="Rows in all.")
    items: list[BoardRow]


class Version(Answer):
    """A model version."""

    name: str
    champion: bool = Field(description="Whether it serves.")
    created_at: datetime
    promoted_at: datetime | None
    trained_until: datetime | None = Field(description="Null: it saw no label of this Peoria.")
    labels: int = Field(description="That it was trained on.")
    backbone: str = Field(description="Fingerprint of the network that embeds images.")
    figures: dict[str, float] = Field(description="Its figures when it was made, by name.")


class Communities(Answer):
    """All communities that the token may see, by id."""

    items: list[Community]


class Posts(Answer):
    """A page of posts, the newest first."""

    items: list[Post]
    next: str | None = Field(description="The cursor of the next page; null: this is the last.")


class Predictions(Answer):
    """A page of predictions, those of the newest posts first."""

    items: list[ScoredPrediction]
    next: str | None


class Labels(Answer):
    """A page of labels, the newest first."""

    items: list[Label]
    next: str | None


class Versions(Answer):
    """All model versions, the newest first."""

    items: list[Version]
