"""The one table of settings: name, default, meaning.

Every setting is an environment variable ``PEORIA_<NAME>`` or a line of ``.env``. docs/settings.md
lists them all; a test fails when one is missing there.
"""

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, PrivateAttr, SecretStr, TypeAdapter, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL

from bot.runtime.roles import ALL
from bot.setting_types import (
    AccountAddress,
    BlueskyPlaces,
    CronSchedule,
    DatabaseUrl,
    LemmyCommunities,
    MastodonPlaces,
    Names,
    Networks,
    ObjectStoreUrl,
    OptionalAccountAddress,
    OptionalWebAddress,
    RayAddress,
    Roles,
    ShardRange,
    Subreddits,
    TimeZone,
    Trackers,
)
from bot.written_networks import (
    NETWORKS,
    WrittenRefused,
    read_written,
    written_account,
    written_watched,
)
from storage.errors import ExpectedError
from storage.objects.image_place import ImagePlace
from storage.types import PlatformName

ENV_PREFIX = "PEORIA_"


_SUBREDDITS: TypeAdapter[tuple[str, ...]] = TypeAdapter(Subreddits)


class SettingsRefused(ExpectedError):
    """A setting cannot be used; the message names each one and says what is wrong with it."""


class Settings(BaseSettings):
    """What can be set, read once at start."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_file=".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )
    #: Whether the names of subreddits are those that the first-run page wrote.
    _subreddits_were_written: bool = PrivateAttr(default=False)
    #: Settings of networks that are those of the first-run page.
    _of_the_page: frozenset[str] = PrivateAttr(default=frozenset())

    data_dir: Path = Field(
        Path("data"), description="Folder of everything that is stored: database, images, models."
    )
    database_url: DatabaseUrl = Field(
        None,
        description="SQLAlchemy URL of the database; unset: SQLite in the data folder."
        " PostgreSQL: postgresql+asyncpg://USER:PASSWORD@HOST/NAME, with options after a question"
        " mark: connections=15 (at most, of each process; its leases have one more),"
        " statement_seconds=300 (until a statement is ended; 0: never), pooler=true (pgbouncer in"
        " transaction mode is in between).",
    )
    backbone: str = Field(
        "starter",
        description="Weights of the backbone that a new installation starts with: starter (ships"
        " with Peoria), imagenet (downloaded by Keras), or the path of a Keras weights file.",
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Key of the hashes that stand for people; unset: made once and stored in the"
        " data folder. With another key nobody is recognised: guesses and opt-outs are lost.",
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="How log lines look: text for people, json for machines."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least important log lines that are written."
    )

    sentry_dsn: SecretStr | None = Field(
        None,
        description="Address with key (DSN) of a Sentry project that is told of errors, without"
        " anything that people wrote; needs the extra sentry (docs/tools.md).",
    )
    telemetry_url: OptionalWebAddress = Field(
        None,
        description="OpenTelemetry collector that is told how long things take, such as"
        " http://127.0.0.1:4318; needs the extra telemetry.",
    )
    track_runs: Trackers = Field(
        (),
        description="Where training runs are noted besides: tensorboard, mlflow, or both, separated"
        " by commas; needs the extra tracking.",
    )
    mlflow_url: OptionalWebAddress = Field(
        None, description="MLflow server that runs are noted on; unset: a file in the data folder."
    )

    roles: Roles = Field(
        ALL,
        description="What this process does, separated by commas; the same as main.py run --roles."
        " With fewer than all, other processes on the same database do the rest (docs/growing.md).",
    )

    web: bool = Field(
        True,
        description="Whether the local board runs; off: other platforms only.",
    )
    web_host: str = Field("127.0.0.1", description="Address the board listens on.")
    web_port: int = Field(8080, ge=0, le=65535, description="Port the board listens on.")
    web_allowed_hosts: Names = Field(
        ("127.0.0.1", "localhost", "[::1]"),
        description="Host names the board answers to, separated by commas. Others are refused, so"
        " that no web site can reach the board through a visitor's browser.",
    )
    web_trusted_proxies: Networks = Field(
        (),
        description="Addresses or networks of proxies in front of the board, separated by commas,"
        " such as 127.0.0.1. What they say about visitors' addresses and TLS is believed"
        " (X-Forwarded-For, X-Forwarded-Proto, Forwarded); what others say is not.",
    )
    web_origin: OptionalWebAddress = Field(
        None,
        description="Where people open the board, such as https://board.example.org: passkeys are"
        " made for its host name. Unset: where the request was sent to, which is one of"
        " PEORIA_WEB_ALLOWED_HOSTS.",
    )
    accounts: Literal["off", "optional", "required"] = Field(
        "off",
        description="Accounts on the board, with passkeys: off; optional; or required to post, vote"
        " and guess (everybody may read). A board on the internet wants required.",
    )
    web_connections: int = Field(
        512,
        ge=1,
        description="Most connections to the board at once; never more than half of the files that"
        " the process may have open.",
    )
    web_connections_each: int = Field(
        128,
        ge=1,
        description="Most connections to the board at once from one IPv4 address or one IPv6 /64;"
        " those of trusted proxies are not counted.",
    )
    web_newcomers_an_hour: int = Field(
        60,
        ge=1,
        description="Most new visitors of the board within an hour from one IPv4 address or IPv6"
        " /64 (and four times as many from one /24 or /48) who may take part. Everybody may read.",
    )
    web_hold_votes: bool = Field(
        True,
        description="Hold votes and guesses on the board back where one person may be many: those"
        " of people who came after the post, and of more than 10 people on one post from one"
        " address. They count neither in the score and the label nor in the league; main.py"
        " suspicions and the admin's page show them.",
    )
    web_posts_a_day: int = Field(
        100,
        ge=1,
        description="Most uploads of one person to the board in a day (UTC); four times as many"
        " from one address.",
    )
    web_mb_a_day: int = Field(
        500,
        ge=1,
        description="Most megabytes that one person uploads to the board in a day (UTC); four times"
        " as many from one address.",
    )
    api_requests_a_minute: int = Field(
        120, ge=1, description="Most requests to the API in a minute with one token."
    )
    api_pictures_a_minute: int = Field(
        30,
        ge=1,
        description="Most pictures that one token posts or has predicted by the API in a minute.",
    )
    api_allowed_origins: Names = Field(
        (),
        description="Web sites whose scripts may use the API from a visitor's browser, separated by"
        " commas, such as https://example.org; unset: none.",
    )
    webhook_allow_hosts: Names = Field(
        (),
        description="Hosts that webhooks may lead to although they are private or have no TLS,"
        " separated by commas, such as localhost.",
    )
    board_name: str = Field("Main Street", description="Name of the local board.")
    board_horizon_minutes: float = Field(
        30.0, gt=0, description="Age at which a score on the board is final, minutes."
    )
    board_guess_minutes: float = Field(
        10.0, gt=0, description="How long people may guess on a post of the board, minutes."
    )
    board_blind: bool = Field(
        False,
        description="Hide the prediction of a post on the board from each person until they have"
        " guessed or guessing has closed.",
    )
    silent_share: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Silent share: the share of posts whose prediction is kept secret until their"
        " label is written, to measure what a reply does to the votes.",
    )

    max_image_bytes: int = Field(
        20 * 2**20, gt=0, description="Largest image file that is accepted, bytes."
    )
    max_image_pixels: int = Field(
        40_000_000, gt=0, description="Largest image that is accepted, pixels."
    )
    images_url: ObjectStoreUrl = Field(
        None,
        description="Object store that images and model versions are kept in, for several machines:"
        " s3://BUCKET/PREFIX, gs://… or az://…; unset: folders in the data folder. Its keys are in"
        " the environment, never in the URL. docs/object-store.md says how.",
    )
    image_cache_gb: float = Field(
        2.0,
        gt=0,
        description="With an object store: room for copies of its images on this machine, GB; those"
        " that were not used for the longest time go first.",
    )
    signed_url_minutes: float = Field(
        0.0,
        ge=0,
        le=1440,
        description="With an object store: it delivers the images of the board, at addresses that"
        " are valid for so long, minutes; 0: the board delivers them. Only copies without what"
        " cameras write into files are ever delivered so.",
    )
    image_store_gb: float = Field(
        20.0,
        gt=0,
        description="Most room for image files, GB; above it the board takes no more uploads.",
    )
    image_days: float = Field(
        90.0, gt=0, description="How long image files are kept, days. Embeddings stay."
    )
    attributes_at_once: bool = Field(
        False,
        description="Whether a reply waits until the attributes of the image are read (most of a"
        " post's processor time). Off: they are read right after it, and are shown from then on"
        " wherever the post is shown.",
    )
    picture_processes: int = Field(
        1,
        ge=0,
        le=16,
        description="Processes that decode and embed images, one at a time each: an image that ends"
        " its process costs itself alone, and is refused when it has ended two. 0: threads of this"
        " process do it, and such an image ends Peoria.",
    )
    download_seconds: float = Field(
        20.0, gt=0, description="Longest time for the download of one image, seconds."
    )
    downloads_at_once: int = Field(
        8, gt=0, description="Images that are downloaded at the same time."
    )
    download_allow_hosts: Names = Field(
        (),
        description="Hosts with private addresses that images may be downloaded from, separated by"
        " commas; for tests, and for servers that stand in for a platform.",
    )

    discord_token: SecretStr | None = Field(
        None,
        description="Token of the Discord bot; with it, Discord runs. docs/discord.md says how.",
    )
    discord_token_file: Path | None = Field(
        None, description="File that holds the token, in place of PEORIA_DISCORD_TOKEN."
    )
    discord_api_url: str | None = Field(
        None, description="Where Discord's API is; unset: Discord's own. For compatible servers."
    )
    discord_gateway_url: str | None = Field(
        None, description="Where Discord's gateway is; unset: where the API says it is."
    )
    discord_message_content: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Whether to ask Discord for the content of messages, which automatic replies"
        " need: auto does where the Message Content Intent is switched on in the Developer Portal.",
    )
    discord_shards: ShardRange = Field(
        None,
        description="Shards that this process serves, such as 0-3/8; or how many, such as 4 of 8:"
        " any four that nobody serves. Unset: all of them. The same as main.py run --shards.",
    )
    discord_model_servers: Names = Field(
        (),
        description="Ids of the Discord servers whose admins may use /retrain and /model promote"
        " and rollback, separated by commas; unset: only the owner of the bot's application and its"
        " team may, on any server. One model serves every server.",
    )
    discord_fetch_links: bool = Field(
        False,
        description="Whether images that are only linked, and that Discord has no copy of, are"
        " fetched from the linked host itself, which then learns this machine's address.",
    )
    discord_pluralkit_url: str = Field(
        "https://api.pluralkit.me/v2",
        description="Address of PluralKit's API. It is asked only in channels where"
        " `/settings proxied_authors: True` is set.",
    )
    discord_catch_up_hours: float = Field(
        24.0,
        gt=0,
        description="Messages posted while Peoria was not running are predicted when it is back,"
        " unless they are older than this, hours.",
    )

    reddit_client_id: str | None = Field(
        None,
        description="Id of the Reddit app; with it, Reddit is watched. docs/reddit.md says how.",
    )
    reddit_client_secret: SecretStr | None = Field(None, description="Secret of the Reddit app.")
    reddit_username: str | None = Field(None, description="Reddit account of the bot.")
    reddit_password: SecretStr | None = Field(
        None, description="Its password, for an app of the type script."
    )
    reddit_refresh_token: SecretStr | None = Field(
        None, description="Refresh token, in place of username and password."
    )
    reddit_user_agent: str | None = Field(
        None,
        description="User agent that is sent to Reddit; unset: Peoria, with the account of"
        " PEORIA_REDDIT_USERNAME.",
    )
    reddit_credentials_file: Path | None = Field(
        None,
        description="File with the credentials above, one name = value per line. What is in it is"
        " used instead of the settings.",
    )
    reddit_subreddits: Subreddits = Field(
        (), description="Subreddits to watch, separated by commas."
    )
    reddit_deny: Subreddits = Field(
        (), description="Subreddits that are never watched, separated by commas."
    )
    reddit_reply: Literal["off", "on"] = Field(
        "off",
        description="Whether anything is written on Reddit; off: predictions and labels only.",
    )
    reddit_replies_per_hour: int = Field(
        10, gt=0, description="Most comments of the bot in one subreddit within an hour."
    )
    reddit_reply_minutes: float = Field(
        60.0, gt=0, description="Posts older than this get no reply, minutes."
    )
    reddit_delete_below: int = Field(
        -3, description="A comment of the bot whose score falls below this is deleted."
    )
    reddit_about: str | None = Field(
        None,
        description="Page that says what the bot is, to which replies link; unset: the account's"
        " profile.",
    )
    reddit_max_age_hours: float = Field(
        6.0, gt=0, le=168, description="Posts older than this are ignored, hours."
    )
    reddit_horizon_hours: float = Field(
        24.0, gt=0, le=720, description="Age at which a score is final in a new subreddit, hours."
    )
    reddit_nsfw: bool = Field(False, description="Whether posts marked NSFW are predicted, too.")
    reddit_crossposts: bool = Field(False, description="Whether cross-posts are predicted, too.")
    reddit_poll_seconds: float = Field(
        60.0, ge=5, description="How often a subreddit and the inbox are read, seconds."
    )
    reddit_gather_minutes: float = Field(
        60.0,
        ge=0,
        le=360,
        description="How late a final score may be read, so that one request reads many, minutes.",
    )
    reddit_url: AccountAddress = Field(
        "https://www.reddit.com",
        description="Where Reddit gives out tokens; changed for tests only.",
    )
    reddit_oauth_url: AccountAddress = Field(
        "https://oauth.reddit.com",
        description="Where Reddit's API is; changed for tests only.",
    )

    lemmy_instance: OptionalAccountAddress = Field(
        None,
        description="Lemmy instance that the bot's account is on, such as https://lemmy.world; with"
        " it, communities of Lemmy are watched. docs/lemmy.md says how.",
    )
    lemmy_username: str | None = Field(None, description="Lemmy account of the bot.")
    lemmy_password: SecretStr | None = Field(None, description="Its password.")
    lemmy_password_file: Path | None = Field(
        None, description="File with the password, used instead of the setting."
    )
    lemmy_communities: LemmyCommunities = Field(
        (),
        description="Communities to watch, separated by commas, such as memes@lemmy.world.",
    )
    lemmy_reply: Literal["off", "on"] = Field(
        "off",
        description="Whether anything is written on Lemmy; off: predictions and labels only.",
    )
    lemmy_replies_per_hour: int = Field(
        10, gt=0, description="Most comments of the bot in one community of Lemmy within an hour."
    )
    lemmy_reply_minutes: float = Field(
        60.0, gt=0, description="Posts on Lemmy older than this get no reply, minutes."
    )
    lemmy_guesses: bool = Field(
        False,
        description="Whether people on Lemmy guess by a comment, such as `!guess high`.",
    )
    lemmy_about: OptionalWebAddress = Field(
        None,
        description="Page that says what the bot is, to which its comments on Lemmy link; unset:"
        " the account's profile.",
    )
    lemmy_max_age_hours: float = Field(
        6.0, gt=0, le=168, description="Posts on Lemmy older than this are ignored, hours."
    )
    lemmy_horizon_hours: float = Field(
        24.0,
        gt=0,
        le=720,
        description="Age at which a score is final in a new community of Lemmy, hours.",
    )
    lemmy_nsfw: bool = Field(
        False, description="Whether posts on Lemmy marked NSFW are predicted, too."
    )
    lemmy_poll_seconds: float = Field(
        60.0, ge=10, description="How often a community of Lemmy and messages are read, seconds."
    )

    mastodon_instance: OptionalAccountAddress = Field(
        None,
        description="Server of the bot's account, such as https://mastodon.social; with it,"
        " hashtags, accounts and lists are watched. docs/mastodon.md says how.",
    )
    mastodon_token: SecretStr | None = Field(None, description="Access token of the account.")
    mastodon_token_file: Path | None = Field(
        None, description="File with the token, used instead of the setting."
    )
    mastodon_watch: MastodonPlaces = Field(
        (),
        description="What is watched, separated by commas: #catsofmastodon, @ann@mastodon.art, or"
        " list: and the number of a list.",
    )
    mastodon_reply: Literal["off", "asked", "on"] = Field(
        "off",
        description="Whether anything is written on Mastodon: nothing, answers to those who ask, or"
        " an answer to every post that is watched.",
    )
    mastodon_replies_per_hour: int = Field(
        10, gt=0, description="Most answers to posts with one hashtag within an hour."
    )
    mastodon_reply_minutes: float = Field(
        60.0, gt=0, description="Posts on Mastodon older than this get no answer, minutes."
    )
    mastodon_guesses: bool = Field(
        False, description="Whether people guess in answers to the bot, such as `!guess high`."
    )
    mastodon_about: OptionalWebAddress = Field(
        None,
        description="Page that says what the bot is, to which its answers on Mastodon link; unset:"
        " the account's profile.",
    )
    mastodon_max_age_hours: float = Field(
        6.0, gt=0, le=168, description="Posts on Mastodon older than this are ignored, hours."
    )
    mastodon_horizon_hours: float = Field(
        24.0,
        gt=0,
        le=720,
        description="Age at which a score is final in what is new of Mastodon, hours.",
    )
    mastodon_sensitive: bool = Field(
        False, description="Whether posts on Mastodon marked as sensitive are predicted, too."
    )
    mastodon_poll_seconds: float = Field(
        60.0, ge=10, description="How often what is watched and messages are read, seconds."
    )

    bluesky_service: AccountAddress = Field(
        "https://bsky.social", description="Server of the bot's account on Bluesky."
    )
    bluesky_handle: str | None = Field(
        None,
        description="Handle of the bot's account, such as peoria.bsky.social; with it, hashtags,"
        " accounts, feeds and lists are watched. docs/bluesky.md says how.",
    )
    bluesky_password: SecretStr | None = Field(None, description="An app password of the account.")
    bluesky_password_file: Path | None = Field(
        None, description="File with the app password, used instead of the setting."
    )
    bluesky_watch: BlueskyPlaces = Field(
        (),
        description="What is watched, separated by commas: #cats, @ann.bsky.social, or the at://"
        " address of a feed or a list.",
    )
    bluesky_reply: Literal["off", "asked"] = Field(
        "off",
        description="Whether who asks is answered; Bluesky lets bots answer nobody else.",
    )
    bluesky_guesses: bool = Field(
        False, description="Whether people guess in answers to the bot on Bluesky."
    )
    bluesky_about: OptionalWebAddress = Field(
        None,
        description="Page that says what the bot is, to which its answers on Bluesky link; unset:"
        " the account's profile.",
    )
    bluesky_max_age_hours: float = Field(
        6.0, gt=0, le=168, description="Posts on Bluesky older than this are ignored, hours."
    )
    bluesky_horizon_hours: float = Field(
        24.0,
        gt=0,
        le=720,
        description="Age at which a score is final in what is new of Bluesky, hours.",
    )
    bluesky_adult: bool = Field(
        False, description="Whether posts on Bluesky labelled as adult are predicted, too."
    )
    bluesky_poll_seconds: float = Field(
        60.0, ge=10, description="How often Bluesky and messages there are read, seconds."
    )

    read_text: bool = Field(
        False,
        description="Read the text in images in the background, about a second each; needs the"
        " extra ocr.",
    )

    caption_url: OptionalWebAddress = Field(
        None,
        description="A server with OpenAI's chat interface that writes captions, too, such as"
        " http://127.0.0.1:11434/v1 (llama.cpp, Ollama, vLLM); it is told title, community and"
        " expression, never the picture.",
    )
    caption_model: str = Field("default", description="Name of the model on that server.")
    caption_key: SecretStr | None = Field(None, description="Key of that server, if it wants one.")
    caption_blocked: Names = Field(
        (),
        description="Words and names that no suggested caption may have, separated by commas,"
        " beside the list that ships; a star stands for any ending.",
    )

    season_time_zone: TimeZone = Field(
        "UTC",
        description="Time zone of the league's seasons, which are calendar months; a name such as"
        " Europe/Berlin. After a change, run main.py leaderboard --rebuild.",
    )
    min_guesses: int = Field(
        10, ge=1, description="Fewest scored guesses for a rank in the league."
    )
    scores_to_compare: int = Field(
        3,
        ge=1,
        description="How many different final scores a community needs before anything is told of"
        " low, medium and high there: until then no verdict, no points, and nothing to learn from.",
    )
    late_share: float = Field(
        0.5,
        ge=0,
        description="How late the final score may be read, as a share of the horizon; later, the"
        " post gets no label.",
    )

    tick_seconds: float = Field(2.0, gt=0, description="How often due work is looked for, seconds.")
    train_min_labels: int = Field(
        60, ge=20, description="Fewest labels that a training run accepts."
    )
    train_minutes: float = Field(
        60.0, gt=0, description="Longest time for one training run, minutes; then it is stopped."
    )
    train_memory_mb: int = Field(6000, ge=1500, description="Most memory for one training run, MB.")
    finetune: bool = Field(
        False,
        description="Allow `main.py finetune`, which trains the backbone's last blocks. Scheduled"
        " training fits the head only, with or without it.",
    )
    retrain_cron: CronSchedule = Field(
        "30 4 * * *",
        description="When Peoria trains by itself, as in cron: minute, hour, day of month, month,"
        " day of week; or off.",
    )
    retrain_time_zone: TimeZone = Field(
        "UTC", description="Time zone of PEORIA_RETRAIN_CRON; a name such as Europe/Berlin."
    )
    retrain_min_new_labels: int = Field(
        50,
        ge=1,
        description="Fewest new labels since the last run with which Peoria trains by itself.",
    )
    ray_address: RayAddress = Field(
        None,
        description="A Ray cluster for batches of images and for training: local (this machine),"
        " auto (the cluster that this machine belongs to), HOST:PORT of its head, or"
        " ray://HOST:PORT; needs the extra ray. Unset: this process and a child of it do all.",
    )
    keep_versions: int = Field(
        5,
        ge=1,
        description="How many of the newest model versions keep their files. The one that serves,"
        " the one it replaced, and those with predictions that wait for a label always do.",
    )
    pause_on_bad_skill: bool = Field(
        True,
        description="Stop automatic replies in a community where predictions are worse than its"
        " base rate, until they are better again.",
    )

    backup_hours: float = Field(
        24.0,
        ge=0,
        description="How often Peoria makes a backup by itself and tries it, hours; 0: never.",
    )
    backup_dir: Path | None = Field(
        None,
        description="Folder of these backups, best on another disk; unset: backups in the data"
        " folder.",
    )
    backup_keep: int = Field(7, ge=1, description="How many of these backups are kept.")
    backup_images: bool = Field(
        False,
        description="Whether image files are in these backups; those in an object store never are."
        " Embeddings always are.",
    )
    audit_days: float = Field(
        180.0,
        gt=0,
        description="How long it is kept who changed settings, watched channels and chose model"
        " versions, days.",
    )
    readings_days: float = Field(
        0.0,
        ge=0,
        description="How long after its label a post keeps its early readings and second looks,"
        " days; 0: for ever. Growth curves then learn from newer posts only, and pages of older"
        " ones show no course of the score. The last reading and the label stay.",
    )
    forecasts_days: float = Field(
        0.0,
        ge=0,
        description="How long forecasts of model versions whose files were dropped are kept once"
        " they were scored, days; 0: for ever. Pages of older posts then show their label alone,"
        " and `main.py leaderboard --rebuild` no longer counts them. Sums of the league stay.",
    )
    webhook_days: float = Field(
        7.0,
        gt=0,
        description="How long messages to webhooks are kept that were taken or given up, days.",
    )
    replaced_days: float = Field(
        30.0,
        gt=0,
        description="How long what a restore has replaced is kept (before-restore-… in the data"
        " folder), days.",
    )

    @cached_property
    def url(self) -> str:
        """The database's SQLAlchemy URL."""
        if self.database_url:
            return self.database_url
        # Put together and not written out: a folder's name may hold what means something in a URL.
        file = URL.create("sqlite+aiosqlite", database=str(self.data_dir / "peoria.db"))
        return file.render_as_string(hide_password=False)

    @property
    def images_dir(self) -> Path:
        """Image files, named by their SHA-256, where they are in no object store."""
        return self.data_dir / "images"

    @property
    def image_place(self) -> ImagePlace:
        """Where images are."""
        if self.images_url is None:
            return ImagePlace(self.images_dir)
        return ImagePlace(
            self.data_dir / "image-cache",
            url=self.images_url,
            cache_bytes=round(self.image_cache_gb * 2**30),
            max_bytes=self.max_image_bytes,
        )

    @property
    def trackers(self) -> dict[str, str]:
        """Where training runs are noted besides, by the name of the tool."""
        folder = (self.data_dir / "tracking").resolve()
        places = {
            "tensorboard": str(folder / "tensorboard"),
            "mlflow": self.mlflow_url or f"sqlite:///{folder / 'mlflow.db'}",
        }
        return {name: places[name] for name in self.track_runs}

    @property
    def versions_dir(self) -> Path:
        """Model versions, a folder each."""
        return self.data_dir / "models"

    @property
    def backups_dir(self) -> Path:
        """Backups that make themselves."""
        return self.backup_dir or self.data_dir / "backups"

    @property
    def backbones_dir(self) -> Path:
        """Backbones that were exported on this machine, a folder each."""
        return self.data_dir / "backbones"

    @property
    def finetuned_dir(self) -> Path:
        """Weights that were fine-tuned on this machine."""
        return self.data_dir / "finetuned"

    @property
    def written_discord_token(self) -> Path:
        """Where the first-run page writes Discord's token."""
        return self.data_dir / "credentials" / "discord-token"

    @property
    def written_reddit_credentials(self) -> Path:
        """Where it writes Reddit's credentials."""
        return self.data_dir / "credentials" / "reddit"

    @property
    def written_subreddits(self) -> Path:
        """Where it writes the names of subreddits."""
        return self.data_dir / "credentials" / "subreddits"

    @property
    def sets_subreddits(self) -> bool:
        """Whether a setting names subreddits, so that the first-run page leaves them alone."""
        return bool(self.reddit_subreddits) and not self._subreddits_were_written

    def sets_account(self, name: PlatformName) -> bool:
        """Whether a setting says who we are on a network, so that the page leaves it alone."""
        given = {each for each in NETWORKS[name].credentials if getattr(self, each) is not None}
        return not given <= self._of_the_page

    def sets_watched(self, name: PlatformName) -> bool:
        """Whether a setting says what is watched on a network."""
        watched = NETWORKS[name].watched
        return bool(getattr(self, watched)) and watched not in self._of_the_page


def with_written_credentials(settings: Settings) -> Settings:
    """The settings, with the files of the first-run page for what they say nothing of."""
    found: dict[str, Path] = {}
    if settings.discord_token is None and settings.discord_token_file is None:
        found["discord_token_file"] = settings.written_discord_token
    if settings.reddit_client_id is None and settings.reddit_credentials_file is None:
        found["reddit_credentials_file"] = settings.written_reddit_credentials
    there: dict[str, object] = {name: path for name, path in found.items() if path.is_file()}
    if not settings.sets_subreddits and settings.written_subreddits.is_file():
        names = settings.written_subreddits.read_text("utf-8")
        there["reddit_subreddits"] = read_subreddits(names)
    of_the_page: set[str] = set()
    for name, fields in NETWORKS.items():
        if not settings.sets_account(name):
            account = read_written(Settings.model_fields, written_account(settings.data_dir, name))
            there |= account
            of_the_page |= account.keys()
        if not settings.sets_watched(name):
            watched = read_written(Settings.model_fields, written_watched(settings.data_dir, name))
            there |= watched
            of_the_page |= watched.keys() | {fields.watched}
    changed = settings.model_copy(update=there) if there else settings
    if "reddit_subreddits" in there:
        changed._subreddits_were_written = True  # noqa: SLF001 - settings of the same kind
    if there:
        changed._of_the_page = frozenset(of_the_page)  # noqa: SLF001 - the same
    return changed


def read_subreddits(names: str) -> tuple[str, ...]:
    """Names of subreddits, as they are typed: with commas, with or without ``r/``.

    Raises:
        ValidationError: one cannot be a subreddit.
    """
    return _SUBREDDITS.validate_python(names)


def load_settings() -> Settings:
    """Read the settings from the environment and the file ``.env``.

    Raises:
        SettingsRefused: one cannot be used. Its value is not repeated: it may be a secret.
    """
    try:
        return with_written_credentials(Settings())
    except WrittenRefused as error:
        raise SettingsRefused(str(error)) from error
    except ValidationError as error:
        problems = "; ".join(
            f"{ENV_PREFIX}{'_'.join(map(str, item['loc'])).upper()}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        )
        raise SettingsRefused(f"The settings cannot be used: {problems}.") from error
