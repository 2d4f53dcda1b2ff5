"""Bluesky as a network: which request tells what."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.bluesky.client import AT_ONCE, POST, PROFILE, BlueskyClient, Credentials, Item
from bot.bluesky.items import (
    NO_BOTS,
    labels_of,
    moment,
    part,
    parts_of,
    read_passed_on,
    read_view,
)
from bot.networks.account import Account
from bot.networks.errors import NetworkRefusal, Refused
from bot.networks.guess_words import guess_in
from bot.networks.network import ASKED, Message, NetworkRules, Page, Place, SeenPost
from bot.networks.secret_files import read_secret
from bot.networks.texts import Short
from bot.people.message_commands import command_in
from bot.platform import PlatformRefused
from bot.runtime.clock import Clock
from bot.serving.forecast import Card, Ending
from bot.settings import Settings
from bot.texts.language import language
from storage.types import InboxKind, PlatformName

#: Characters of a post.
MOST = 300
_TEXTS = Short(MOST)
_MEMORY = 10_000
#: What a profile says is asked anew after this: who asks to be left alone is heard within it.
_BELIEVED = timedelta(hours=6)
#: Letters of Bluesky's sortable keys.
_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"


def read_rules(settings: Settings) -> NetworkRules:
    """What is taken and written, by the settings."""
    return NetworkRules(
        reply=settings.bluesky_reply,
        # Who asks is answered, and nobody else: limits of answers to one person hold.
        per_hour=1,
        within=timedelta(hours=1),
        max_age=timedelta(hours=settings.bluesky_max_age_hours),
        horizon=timedelta(hours=settings.bluesky_horizon_hours),
        every=timedelta(seconds=settings.bluesky_poll_seconds),
        guesses=settings.bluesky_guesses,
    )


def read_credentials(settings: Settings) -> Credentials:
    """Who we are on Bluesky: a file with the app password goes before the setting.

    Raises:
        PlatformRefused: something is missing; the message says what.
    """
    password = read_secret(
        settings.bluesky_password, settings.bluesky_password_file, "PEORIA_BLUESKY_PASSWORD_FILE"
    )
    if not settings.bluesky_handle or not password:
        raise PlatformRefused(
            "Bluesky needs an account: type it in on the page /admin/setup, or set"
            " PEORIA_BLUESKY_HANDLE, and PEORIA_BLUESKY_PASSWORD or"
            " PEORIA_BLUESKY_PASSWORD_FILE; docs/bluesky.md says how."
        )
    return Credentials(settings.bluesky_service, settings.bluesky_handle, password)


class BlueskyNetwork(Account[Credentials]):
    """One account; see `Network`.

    Args:
        settings_now: reads them as they are written now.

    Raises:
        PlatformRefused: the credentials are not whole.
    """

    name = PlatformName.BLUESKY
    title = "Bluesky"
    client: BlueskyClient
    at_once, requests_at_once = AT_ONCE, 10

    def __init__(
        self, settings: Settings, settings_now: Callable[[], Settings], *, clock: Clock
    ) -> None:
        super().__init__(lambda: read_credentials(settings_now()))
        self._clock = clock
        self._adult = settings.bluesky_adult
        handle = self._credentials.handle
        self._about = settings.bluesky_about or f"https://bsky.app/profile/{handle}"
        self.watched: Mapping[str, str] = {name: name for name in settings.bluesky_watch}
        self.asked: tuple[str, str] | None = (ASKED, "posts that ask for a prediction")
        self.client = BlueskyClient(self._credentials, agent="peoria (bot)", clock=clock)
        #: By account, whether its profile asks bots to keep away, and until when that is believed.
        self._no_bots: OrderedDict[str, tuple[bool, datetime]] = OrderedDict()

    async def introduce(self, *, writes: bool) -> str:
        """Sign in, and label the account as a bot if we write."""
        did = await self.client.did()
        if writes:
            found = await self.client.record(PROFILE, "self")
            profile = dict(part(found or {}, "value")) or {"$type": PROFILE}
            labels = part(profile, "labels").get("values")
            values = [each for each in labels if isinstance(each, dict)] if labels else []
            if {"val": "bot"} not in values:
                kind = "com.atproto.label.defs#selfLabels"
                profile["labels"] = {"$type": kind, "values": [*values, {"val": "bot"}]}
                await self.client.put(PROFILE, "self", profile)
        return f"{self._credentials.handle} ({did})"

    async def me(self) -> str:
        """Our permanent id, as that of an author."""
        return await self.client.did()

    async def newest(self, community: str, after: str | None) -> Page[SeenPost]:
        """A page of the newest posts with a hashtag, of an account, a feed or a list."""
        endpoint, params, key = _listing(community)
        found, more = await self.client.page(f"app.bsky.feed.{endpoint}", key, after, params)
        # Feeds wrap each post, and say beside it why it is there although it is somebody else's.
        views = [
            part(each, "post") if key == "feed" else each
            for each in found
            if each.get("reason") is None
        ]
        passed_on = [each for each in map(read_passed_on, found) if each is not None]
        posts = [*(each for each in await self._read(views) if each is not None), *passed_on]
        times = [each.posted_at for each in posts]
        return Page(posts, min(times, default=None), more)

    async def look(self, posts: Sequence[str]) -> Mapping[str, SeenPost | None]:
        """Posts by source id."""
        shown = await self.client.posts(posts)
        read = await self._read([*shown.values()])
        found: dict[str, SeenPost | None] = dict.fromkeys(set(posts) - shown.keys())
        return found | {each.source_id: each for each in read if each is not None}

    async def messages(self, after: str | None) -> Page[Message]:
        """A page of posts that name or answer us."""
        notified, more = await self.client.page(
            "app.bsky.notification.listNotifications",
            "notifications",
            after,
            [("reasons", "mention"), ("reasons", "reply")],
        )
        me = await self.client.did()
        read = (self._message(each, me) for each in notified)
        times = [at for each in notified if (at := moment(each.get("indexedAt"))) is not None]
        found = [each for each in read if each is not None]
        return Page(found, min(times, default=None), more)

    async def comments(self, community: str, after: str | None) -> Page[Message] | None:
        """Guesses come in answers to us alone."""
        return None

    async def shows(self, community: str) -> bool:
        """Whether Bluesky shows anything of what is watched."""
        if community not in self.watched:
            await self.client.did()
            return True
        return bool((await self.newest(community, None)).items)

    async def is_banned(self, community: str) -> bool:
        """Nobody is banned from a hashtag or a feed."""
        return False

    async def write(self, place: Place, text: str) -> str:
        """Answer a message; Bluesky wants bots to answer who asked, and nobody else."""
        above, key = await self._above(place)
        reply = part(part(above, "record"), "reply")
        parent = {"uri": above.get("uri"), "cid": above.get("cid")}
        return await self.client.put(
            POST,
            key,
            {
                "$type": POST,
                "text": text,
                "createdAt": self._clock().isoformat().replace("+00:00", "Z"),
                "langs": [language()],
                "facets": _links(text, self._about),
                "reply": {"root": reply.get("root") or parent, "parent": parent},
            },
        )

    async def own_answer(self, place: Place, since: datetime) -> str | None:
        """Our own answer in a place: its key is made from the message, so that there is one."""
        _, key = await self._above(place)
        found = await self.client.record(POST, key)
        uri = None if found is None else found.get("uri")
        return uri if isinstance(uri, str) else None

    async def edit(self, answer_id: str, text: str) -> None:
        """Posts cannot be changed on Bluesky."""
        raise NetworkRefusal("posts cannot be changed", 400)

    async def delete(self, answer_id: str) -> None:
        """Delete a post."""
        whose = parts_of(answer_id)
        if whose is not None:
            await self.client.delete(POST, whose[1])

    def prediction_text(self, card: Card, community: str) -> str:
        """A prediction, what it means, and who says so."""
        return _TEXTS.prediction(card, community, self._about)

    def settled_text(self, ending: Ending, community: str) -> str:
        """A prediction with what became of it."""
        return _TEXTS.settled(ending, community, self._about)

    def plain_text(self, sentence: str) -> str:
        """An answer without a prediction."""
        return _TEXTS.plain(sentence, self._about)

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()

    async def _read(self, views: Sequence[Item]) -> list[SeenPost | None]:
        await self._ask_about({str(part(each, "author").get("did")) for each in views})
        now = self._clock()
        return [
            read_view(
                each,
                now,
                adult=self._adult,
                left_alone=self._left_alone(str(part(each, "author").get("did"))),
            )
            for each in views
        ]

    def _left_alone(self, did: str) -> bool:
        return self._no_bots[did][0] if did in self._no_bots else False

    async def _ask_about(self, dids: set[str]) -> None:
        """Find out whose profile asks bots to keep away; a post does not tell."""
        now = self._clock()
        known = {did for did, (_, until) in self._no_bots.items() if now < until}
        unknown = sorted(each for each in dids - known if each.startswith("did:"))
        for start in range(0, len(unknown), AT_ONCE):
            some = unknown[start : start + AT_ONCE]
            for profile in await self.client.profiles(some):
                words = str(profile.get("description") or "")
                says_no = NO_BOTS.search(words) is not None
                did, left_alone = str(profile.get("did")), says_no or "bot" in labels_of(profile)
                self._no_bots[did] = left_alone, now + _BELIEVED
                self._no_bots.move_to_end(did)
        while len(self._no_bots) > _MEMORY:
            self._no_bots.popitem(last=False)

    async def _above(self, place: Place) -> tuple[Item, str]:
        """The message that is answered, and the key of its answer."""
        if place.message is None:
            raise NetworkRefusal("who did not ask is not answered", 403)
        above = (await self.client.posts([place.message])).get(place.message)
        at = None if above is None else moment(above.get("indexedAt"))
        if above is None or at is None:
            raise NetworkRefusal("the message is gone", 404, Refused.ABSENT)
        if part(above, "viewer").get("replyDisabled") is True:
            raise NetworkRefusal("answers are switched off", 403, Refused.LOCKED)
        return above, _key(at, place.key)

    def _message(self, told: Item, me: str) -> Message | None:
        uri, record, author = told.get("uri"), part(told, "record"), part(told, "author")
        # Not when its writer says that it was made: a guess counts as of when it was sent.
        whose, sent_at = parts_of(uri), moment(told.get("indexedAt"))
        text = record.get("text")
        if whose is None or sent_at is None or not isinstance(text, str):
            return None
        if "bot" in labels_of(author):
            return None
        kind, bucket = command_in(text), guess_in(text)
        if kind is None and bucket is not None:
            kind = InboxKind.GUESS
        if kind is None and told.get("reason") == "mention":
            # Nobody names us by only answering: this is a question.
            kind = InboxKind.PREDICT
        if kind is None:
            return None
        return Message(
            source_id=str(uri),
            kind=kind,
            author=whose[0],
            sent_at=sent_at,
            post=_post_of(str(uri), record, me),
            bucket=bucket if kind is InboxKind.GUESS else None,
        )


def _listing(community: str) -> tuple[str, list[tuple[str, str | int]], str]:
    """The endpoint of a listing, what it is asked, and what its answer calls it."""
    if community.startswith("#"):
        tag = community[1:]
        return "searchPosts", [("q", community), ("tag", tag), ("sort", "latest")], "posts"
    if community.startswith("@"):
        params = [("actor", community[1:]), ("filter", "posts_with_media")]
        return "getAuthorFeed", [*params], "feed"
    if "/app.bsky.graph.list/" in community:
        return "getListFeed", [("list", community)], "feed"
    return "getFeed", [("feed", community)], "feed"


def _post_of(uri: str, record: Mapping[str, Any], me: str) -> str:
    """The post that a message is about: itself, what it answers, or where our answer stands."""
    embed = str(part(record, "embed").get("$type", ""))
    reply = part(record, "reply")
    parent, root = part(reply, "parent").get("uri"), part(reply, "root").get("uri")
    whose = parts_of(parent)
    if whose is None or embed.startswith(("app.bsky.embed.images", "app.bsky.embed.recordWith")):
        return uri
    return str(root) if whose[0] == me and parts_of(root) is not None else str(parent)


def _key(at: datetime, key: str) -> str:
    """A key as Bluesky makes them, from a moment and ten bits of chance; here of a text."""
    chance = int.from_bytes(hashlib.sha256(key.encode()).digest()[:2]) % 1024
    number = (int(at.timestamp() * 1_000_000) << 10 | chance) & (2**63 - 1)
    return "".join(_LETTERS[number >> 5 * n & 31] for n in reversed(range(13)))


def _links(text: str, about: str) -> list[dict[str, Any]]:
    """What makes an address in a text one that can be clicked on; places are counted in bytes."""
    before, found, _ = text.partition(about)
    if not found:
        return []
    start = len(before.encode())
    return [
        {
            "index": {"byteStart": start, "byteEnd": start + len(about.encode())},
            "features": [{"$type": "app.bsky.richtext.facet#link", "uri": about}],
        }
    ]
