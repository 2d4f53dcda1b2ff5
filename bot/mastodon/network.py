"""Mastodon as a network: which request tells what."""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.mastodon.client import AT_ONCE, PAGE, Credentials, Item, MastodonClient
from bot.mastodon.items import (
    account_of,
    author_of,
    image_addresses,
    local_id,
    mentioned_in,
    moment,
    plain,
    plain_lines,
    read_status,
    source_id_of,
)
from bot.networks.account import Account
from bot.networks.errors import NetworkRefusal, Refused
from bot.networks.guess_words import guess_in
from bot.networks.network import ASKED, Message, NetworkRules, Page, Place, SeenPost
from bot.networks.replies import since_of
from bot.networks.secret_files import read_secret
from bot.networks.texts import Short
from bot.people.message_commands import command_in
from bot.platform import PlatformRefused
from bot.runtime.clock import Clock
from bot.serving.forecast import Card, Ending
from bot.settings import Settings
from storage.types import InboxKind, PlatformName

#: Characters of a status; Mastodon's own limit is 500, with the name of who is answered.
MOST = 430
_TEXTS = Short(MOST)
_ID = re.compile(r"[A-Za-z0-9]{1,40}")
_MEMORY = 2_000


@dataclass(frozen=True, slots=True)
class _Above:
    """A status that somebody answered.

    Attributes:
        is_ours: whether we wrote it.
        post: the status that it answers, or itself where it answers none.
        has_image: whether it holds an image.
        names_us: whether it names us: then programs put our name before every answer to it.
    """

    is_ours: bool
    post: str
    has_image: bool
    names_us: bool

    @property
    def is_asked_about(self) -> bool:
        """Whether our name alone in an answer to it is a question."""
        return self.has_image and not self.is_ours and not self.names_us


def read_rules(settings: Settings) -> NetworkRules:
    """What is taken and written, by the settings."""
    return NetworkRules(
        reply=settings.mastodon_reply,
        per_hour=settings.mastodon_replies_per_hour,
        within=timedelta(minutes=settings.mastodon_reply_minutes),
        max_age=timedelta(hours=settings.mastodon_max_age_hours),
        horizon=timedelta(hours=settings.mastodon_horizon_hours),
        every=timedelta(seconds=settings.mastodon_poll_seconds),
        guesses=settings.mastodon_guesses,
    )


def read_credentials(settings: Settings) -> Credentials:
    """Who we are on Mastodon: a file with the token goes before the setting.

    Raises:
        PlatformRefused: something is missing; the message says what.
    """
    token = read_secret(
        settings.mastodon_token, settings.mastodon_token_file, "PEORIA_MASTODON_TOKEN_FILE"
    )
    if not settings.mastodon_instance or not token:
        raise PlatformRefused(
            "Mastodon needs an account: type it in on the page /admin/setup, or set"
            " PEORIA_MASTODON_INSTANCE, and PEORIA_MASTODON_TOKEN or"
            " PEORIA_MASTODON_TOKEN_FILE; docs/mastodon.md says how."
        )
    return Credentials(settings.mastodon_instance, token)


class MastodonNetwork(Account[Credentials]):
    """An account on one server; see `Network`.

    Args:
        settings_now: reads them as they are written now.

    Raises:
        PlatformRefused: the credentials are not whole.
    """

    name = PlatformName.MASTODON
    title = "Mastodon"
    client: MastodonClient
    at_once, requests_at_once = AT_ONCE, 5

    def __init__(
        self, settings: Settings, settings_now: Callable[[], Settings], *, clock: Clock
    ) -> None:
        super().__init__(lambda: read_credentials(settings_now()))
        self._clock = clock
        self._nsfw = settings.mastodon_sensitive
        self._instance = self._credentials.home
        self._about = settings.mastodon_about
        self.watched: Mapping[str, str] = {name: name for name in settings.mastodon_watch}
        self.asked: tuple[str, str] | None = (ASKED, "posts that ask for a prediction")
        self.client = MastodonClient(self._credentials, agent="peoria (bot)", clock=clock)
        #: Ids of the accounts that are watched.
        self._accounts: dict[str, str] = {}
        self._above: OrderedDict[str, _Above | None] = OrderedDict()

    async def introduce(self, *, writes: bool) -> str:
        """Sign in, and mark the account as automated if we write."""
        me = await self.client.me()
        if writes and me.get("bot") is not True:
            await self.client.mark_as_bot()
        self._about = self._about or str(me.get("url"))
        return f"{me.get('acct')} on {self._instance}"

    async def me(self) -> str:
        """Our address, as that of an author."""
        return str((await self.client.me()).get("url"))

    async def newest(self, community: str, after: str | None) -> Page[SeenPost]:
        """A page of the newest posts with a hashtag, of an account, or of a list."""
        if community.startswith("#"):
            found = await self.client.hashtag(community[1:], after)
        elif community.startswith("@"):
            found = await self.client.of_account(await self._account(community), after)
        else:
            found = await self.client.list(community.removeprefix("list:"), after)
        now = self._clock()
        read = (read_status(each, now, self._instance, nsfw=self._nsfw) for each in found)
        posts = [each for each in read if each is not None]
        times = [each.posted_at for each in posts]
        return Page(posts, min(times, default=None), _last_id(found))

    async def look(self, posts: Sequence[str]) -> Mapping[str, SeenPost | None]:
        """Posts by source id."""
        ids = {each: there for each in posts if (there := local_id(each, self._instance))}
        if not ids:
            return {}
        statuses = await self.client.statuses([*ids.values()])
        now = self._clock()
        found: dict[str, SeenPost | None] = {}
        for source_id, there in ids.items():
            if there not in statuses:
                found[source_id] = None
                continue
            seen = read_status(statuses[there], now, self._instance, nsfw=self._nsfw)
            if seen is not None:
                found[source_id] = seen
        return found

    async def messages(self, after: str | None) -> Page[Message]:
        """A page of statuses that name us."""
        notified = await self.client.mentions(after)
        found: list[Message] = []
        times: list[datetime] = []
        for each in notified:
            at, status = moment(each.get("created_at")), each.get("status")
            if at is not None:
                times.append(at)
            if isinstance(status, dict):
                message = await self._message(status)
                found += [] if message is None else [message]
        full = len(notified) == PAGE
        return Page(found, min(times, default=None), _last_id(notified) if full else None)

    async def comments(self, community: str, after: str | None) -> Page[Message] | None:
        """Guesses come in answers to us alone: nobody lists all answers under a hashtag."""
        return None

    async def shows(self, community: str) -> bool:
        """Whether the server shows anything of what is watched."""
        if community not in self.watched:
            await self.client.me()
            return True
        return bool((await self.newest(community, None)).items)

    async def is_banned(self, community: str) -> bool:
        """Nobody is banned from a hashtag; servers suspend accounts, and take their tokens."""
        return False

    async def write(self, place: Place, text: str) -> str:
        """Answer once, seen by who is in the thread and not in public timelines."""
        above = self._id(place.message or place.post)
        visibility = "unlisted"
        if place.message is not None:
            said = await self.client.status(above)
            acct = account_of(said).get("acct")
            if isinstance(acct, str):
                # Who asked is told; under a post that nobody asked about nobody is.
                text = f"@{acct} {text}"
            if said.get("visibility") not in ("public", "unlisted"):
                visibility = "direct"
        return await self.client.write(text, above=above, visibility=visibility, key=place.key)

    async def own_answer(self, place: Place, since: datetime) -> str | None:
        """Our own answer to a status, written since then."""
        above = self._id(place.message or place.post)
        me = (await self.client.me())["id"]
        for status in await self.client.answers(above):
            at = moment(status.get("created_at"))
            ours = account_of(status).get("id") == me and status.get("in_reply_to_id") == above
            if ours and at is not None and at > since_of(since):
                return str(status["id"])
        return None

    async def edit(self, answer_id: str, text: str) -> None:
        """Change a status."""
        await self.client.edit(_checked(answer_id), text)

    async def delete(self, answer_id: str) -> None:
        """Delete a status."""
        await self.client.delete(_checked(answer_id))

    def prediction_text(self, card: Card, community: str) -> str:
        """A prediction, what it means, and who says so."""
        return _TEXTS.prediction(card, _unnamed(community), self._about or "")

    def settled_text(self, ending: Ending, community: str) -> str:
        """A prediction with what became of it."""
        return _TEXTS.settled(ending, _unnamed(community), self._about or "")

    def plain_text(self, sentence: str) -> str:
        """An answer without a prediction."""
        return _TEXTS.plain(sentence, self._about or "")

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()

    async def _account(self, name: str) -> str:
        if name not in self._accounts:
            found = (await self.client.account(name[1:])).get("id")
            self._accounts[name] = _checked(found)
        return self._accounts[name]

    def _id(self, source_id: str) -> str:
        found = local_id(source_id, self._instance)
        if found is None:
            raise NetworkRefusal("it is one of a server that Peoria was on before", 404)
        return found

    async def _message(self, status: Item) -> Message | None:
        status_id, author = status.get("id"), author_of(status)
        sent_at = moment(status.get("edited_at")) or moment(status.get("created_at"))
        if not isinstance(status_id, str) or author is None or sent_at is None:
            return None
        if account_of(status).get("bot") is True or _ID.fullmatch(status_id) is None:
            return None
        is_private = status.get("visibility") not in ("public", "unlisted")
        words = plain_lines(status.get("content"))
        kind, bucket = command_in(words), guess_in(plain(status.get("content")))
        if kind is None and bucket is not None:
            kind = InboxKind.GUESS
        above = await self._status_above(status)
        has_image = bool(image_addresses(status))
        if kind is None and (has_image or (above and above.is_asked_about)):
            # Our name alone, under an image: a question. Who goes on talking to us, or to who
            # asked us, asks none.
            kind = InboxKind.PREDICT
        if kind is None or (is_private and kind in (InboxKind.PREDICT, InboxKind.GUESS)):
            return None
        post = status_id if has_image or above is None else above.post
        return Message(
            source_id=source_id_of(status_id, self._instance),
            kind=kind,
            author=author,
            sent_at=sent_at,
            post=source_id_of(post, self._instance),
            is_private=is_private,
            bucket=bucket if kind is InboxKind.GUESS else None,
        )

    async def _status_above(self, status: Item) -> _Above | None:
        """The status that somebody answers; None where there is none that can be seen."""
        above = status.get("in_reply_to_id")
        if not isinstance(above, str) or _ID.fullmatch(above) is None:
            return None
        if above not in self._above:
            try:
                found = await self.client.status(above)
            except NetworkRefusal:
                # Whatever the reason, one status does not keep all other messages from being read.
                self._above[above] = None
            else:
                me = (await self.client.me())["id"]
                is_ours = account_of(found).get("id") == me
                higher = found.get("in_reply_to_id")
                post = higher if is_ours and isinstance(higher, str) else above
                has_image = bool(image_addresses(found))
                self._above[above] = _Above(is_ours, post, has_image, me in mentioned_in(found))
            while len(self._above) > _MEMORY:
                self._above.popitem(last=False)
        return self._above[above]


def _unnamed(community: str) -> str:
    """What a community is called in an answer: an account with its ``@`` would be notified."""
    return community.removeprefix("@")


def _last_id(found: Sequence[Item]) -> str | None:
    """Where the next page begins; None: this one is the last."""
    last = found[-1].get("id") if found else None
    return last if isinstance(last, str) else None


def _checked(value: object) -> str:
    """An id that goes into an address."""
    if not isinstance(value, str) or _ID.fullmatch(value) is None:
        raise NetworkRefusal("it has no id", 404, Refused.ABSENT)
    return value
