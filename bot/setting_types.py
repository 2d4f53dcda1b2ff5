"""Types of settings: how their text is read, and what is refused.

Messages never repeat the value: it may be a secret.
"""

import re
from importlib.util import find_spec
from ipaddress import ip_network
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from bot.runtime.cron import cron_trigger
from bot.runtime.roles import Role, parse_roles
from bot.runtime.shards import shard_choices
from models.ray_cluster import check_address
from storage.engine.postgresql_options import PostgresqlOptions

#: Databases that Peoria works with, by SQLAlchemy's names of dialect and driver.
_DRIVERS = ("sqlite+aiosqlite", "postgresql+asyncpg")

#: Names of subreddits, and of the pages of accounts.
_SUBREDDIT = re.compile(r"u_[A-Za-z0-9_-]{2,20}|[A-Za-z0-9][A-Za-z0-9_]{1,20}")

#: What looks like a subreddit and shows the posts of others.
_FEEDS = {
    "all", "best", "contrib", "controversial", "dashboard", "favorites", "friends", "home", "hot",
    "me", "mod", "myrandom", "new", "popular", "randnsfw", "random", "rising", "saved", "search",
    "submit", "subreddits", "top", "u_me", "users",
}  # fmt: skip
#: What stands before the name where an address was copied.
_BEFORE_NAME = re.compile(r"(?:https?://)?(?:\w+\.)?reddit\.com/", re.IGNORECASE)
#: What stands after it there: how its posts are sorted, and what browsers add.
_AFTER_NAME = re.compile(
    r"(?<=\w\w)(?:/(?:new|hot|top|rising|best|controversial))?/?(?:[?#].*)?$", re.IGNORECASE
)


#: A community of Lemmy: ``memes@lemmy.world``, or the address of its page there.
_HOST = r"[a-z0-9.-]{1,90}(?::\d{1,5})?"
_LEMMY_COMMUNITY = re.compile(
    rf"!?(?P<a>[a-z0-9_]{{3,30}})@(?P<b>{_HOST})|https?://(?P<d>{_HOST})/c/(?P<c>[a-z0-9_]{{3,30}})/?"
)

#: A hashtag, an account or a list of Mastodon.
_MASTODON_PLACE = re.compile(
    rf"#[^\W_]\w{{0,98}}|@[a-z0-9_.-]{{1,40}}(?:@{_HOST})?|list:\d{{1,20}}"
)

#: A hashtag, an account, a feed or a list of Bluesky.
_BLUESKY_PLACE = re.compile(
    r"#[^\W_]\w{0,98}|@[A-Za-z0-9.-]{1,60}"
    r"|at://[\w.:-]{1,60}/app\.bsky\.(?:feed\.generator|graph\.list)/[\w-]{1,20}"
)

#: Ends of names that no host of the Internet has.
_NEAR = (".localhost", ".local", ".internal", ".home.arpa")

_BUCKET = re.compile(r"(?:s3|gs|az)://[^/]")
_BUCKET_URL = re.compile(r"\w+://[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*/?")


def _database_url(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        url = make_url(value)
        driver = url.drivername
    except ArgumentError as error:
        raise ValueError("not a database URL") from error
    if driver not in _DRIVERS:
        raise ValueError(f"must begin with {' or '.join(f'{name}://' for name in _DRIVERS)}")
    if find_spec(driver.partition("+")[2]) is None:
        raise ValueError("PostgreSQL needs the extra: pip install 'peoria[postgres]'")
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise ValueError("names no file; a database in memory cannot be shared")
    if url.get_backend_name() == "postgresql":
        PostgresqlOptions.from_url(url)
    return value


def check_object_store_url(value: str) -> str:
    """The URL of an object store, without a slash at its end.

    Raises:
        ValueError: it cannot be used; what is wrong with it, the end of a sentence.
    """
    if _BUCKET.match(value) is None:
        raise ValueError("must be s3://BUCKET/PREFIX, gs://… or az://…, the prefix may be missing")
    if not _BUCKET_URL.fullmatch(value):
        raise ValueError("holds more than a bucket and a prefix; its keys are set apart from it")
    if find_spec("obstore") is None:
        raise ValueError("needs the extra: pip install 'peoria[objects]'")
    return value.rstrip("/")


def _object_store_url(value: str | None) -> str | None:
    return None if value is None else check_object_store_url(value)


def _cron_schedule(value: str) -> str:
    try:
        cron_trigger(value, "UTC")
    except ValueError as error:
        raise ValueError(f"not a schedule: {error}") from None
    return value


def _networks(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        try:
            ip_network(name)
        except ValueError as error:
            raise ValueError("not an address or a network; 127.0.0.1 and 10.0.0.0/8 are") from error
    return names


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        raise ValueError("not a time zone; a name such as Europe/Berlin is") from error
    return value


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _roles(value: object) -> object:
    names = _split(value)
    return parse_roles(names) if isinstance(names, tuple) else value


def read_subreddits(value: tuple[str, ...]) -> tuple[str, ...]:
    """Names of subreddits, each once, from names and addresses.

    Raises:
        ValueError: one is no subreddit; the end of a sentence.
    """
    names: dict[str, str] = {}
    for text in value:
        path = _AFTER_NAME.sub("", _BEFORE_NAME.sub("/", text), count=1)
        name = re.sub(r"^/?(?:r/)?", "", path, flags=re.IGNORECASE)
        multi = "/m/" in name or "+" in name or re.match(r"(?:all|popular)-", name, re.IGNORECASE)
        name = re.sub(r"^/?(?:u|user)/", "u_", name, flags=re.IGNORECASE)
        if name.lower() in _FEEDS or multi:
            raise ValueError(
                "holds a feed (such as r/all, or r/aww+pics): its posts are those of other"
                " subreddits. Name these, separated by commas"
            )
        if not _SUBREDDIT.fullmatch(name):
            raise ValueError("not names of subreddits, separated by commas, such as r/aww,r/pics")
        # Reddit does not tell capitals from small letters.
        names.setdefault(name.lower(), name)
    return tuple(names.values())


def _lemmy_communities(value: tuple[str, ...]) -> tuple[str, ...]:
    found = []
    for text in value:
        match = _LEMMY_COMMUNITY.fullmatch(text.strip().lower())
        if match is None:
            raise ValueError("not communities such as memes@lemmy.world, separated by commas")
        found.append(f"{match['a'] or match['c']}@{match['b'] or match['d']}")
    return tuple(dict.fromkeys(found))


def _mastodon_places(value: tuple[str, ...]) -> tuple[str, ...]:
    found = [text.strip().lower() for text in value]
    if not all(_MASTODON_PLACE.fullmatch(text) for text in found):
        raise ValueError(
            "not hashtags, accounts and lists such as #cats,@ann@mastodon.art,list:7, separated by"
            " commas"
        )
    return tuple(dict.fromkeys(found))


def _trackers(value: tuple[str, ...]) -> tuple[str, ...]:
    found = [text.strip().lower() for text in value]
    if not {*found} <= {"tensorboard", "mlflow"}:
        raise ValueError("must be of tensorboard, mlflow, separated by commas")
    return tuple(dict.fromkeys(found))


def _bluesky_places(value: tuple[str, ...]) -> tuple[str, ...]:
    found = [text.strip() for text in value]
    if not all(_BLUESKY_PLACE.fullmatch(text) for text in found):
        raise ValueError(
            "not hashtags, accounts, feeds and lists such as #cats,@ann.bsky.social,"
            "at://did:plc:abc/app.bsky.feed.generator/cats, separated by commas"
        )
    low = [text if text.startswith("at:") else text.lower() for text in found]
    return tuple(dict.fromkeys(low))


def _web_address(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        raise ValueError("must begin with https:// or http://")
    return value.rstrip("/")


def _account_address(value: str) -> str:
    if value.startswith("http://") and not _is_near(urlsplit(value).hostname or ""):
        raise ValueError(
            "must begin with https://, as everybody on the way reads a password that goes over"
            " http://; that is for this machine and private networks"
        )
    return _web_address(value)


def _is_near(host: str) -> bool:
    """Whether a host is this machine, or one of a network that is not the Internet."""
    # It brings a client for HTTP with it, which no other setting needs.
    from bot.runtime.public_addresses import is_address, is_public

    host = host.rstrip(".").lower()
    if is_address(host):
        return not is_public(host)
    # A number without dots is an address, too, and other alphabets have their own signs for dots.
    return host.isascii() and host[:1].isalpha() and ("." not in host or host.endswith(_NEAR))


def _optional_account_address(value: str | None) -> str | None:
    return None if value is None else _account_address(value)


def _optional_web_address(value: str | None) -> str | None:
    return None if value is None else _web_address(value)


def _shard_range(value: str | None) -> str | None:
    if value is not None:
        shard_choices(value)
    return value


def _ray_address(value: str | None) -> str | None:
    return None if value is None else check_address(value)


#: An SQLAlchemy URL of a database that Peoria works with, or None.
DatabaseUrl: TypeAlias = Annotated[str | None, AfterValidator(_database_url)]
#: Bucket and prefix of an object store, such as ``s3://pictures/peoria``, or None.
ObjectStoreUrl: TypeAlias = Annotated[str | None, AfterValidator(_object_store_url)]
#: Five fields of cron, or ``off``.
CronSchedule: TypeAlias = Annotated[str, AfterValidator(_cron_schedule)]
#: A name of the time zone database, such as ``Europe/Berlin``.
TimeZone: TypeAlias = Annotated[str, AfterValidator(_time_zone)]
#: Names separated by commas.
Names: TypeAlias = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
#: Addresses and networks separated by commas, such as 10.0.0.0/8.
Networks: TypeAlias = Annotated[Names, AfterValidator(_networks)]
#: Names of subreddits separated by commas, with or without ``r/``.
Subreddits: TypeAlias = Annotated[Names, AfterValidator(read_subreddits)]
#: What this process does: names of roles separated by commas.
Roles: TypeAlias = Annotated[tuple[Role, ...], NoDecode, BeforeValidator(_roles)]
#: Communities of Lemmy separated by commas, each ``name@instance``.
LemmyCommunities: TypeAlias = Annotated[Names, AfterValidator(_lemmy_communities)]
#: Hashtags, accounts and lists of Mastodon separated by commas.
MastodonPlaces: TypeAlias = Annotated[Names, AfterValidator(_mastodon_places)]
#: Tools that training runs are noted in.
Trackers: TypeAlias = Annotated[Names, AfterValidator(_trackers)]
#: Hashtags, accounts, feeds and lists of Bluesky separated by commas.
BlueskyPlaces: TypeAlias = Annotated[Names, AfterValidator(_bluesky_places)]
#: An http address, without the slash at its end.
WebAddress: TypeAlias = Annotated[str, AfterValidator(_web_address)]
#: The same, or None.
OptionalWebAddress: TypeAlias = Annotated[str | None, AfterValidator(_optional_web_address)]
#: An http address that a password or a token is sent to: http:// only where no stranger listens.
AccountAddress: TypeAlias = Annotated[str, AfterValidator(_account_address)]
#: The same, or None.
OptionalAccountAddress: TypeAlias = Annotated[str | None, AfterValidator(_optional_account_address)]
#: Where a Ray cluster is: ``local``, ``auto``, ``host:port``, ``ray://host:port``; or None.
RayAddress: TypeAlias = Annotated[str | None, AfterValidator(_ray_address)]
#: Shards of Discord, such as ``0-3/8``, or None.
ShardRange: TypeAlias = Annotated[str | None, AfterValidator(_shard_range)]
