"""Lemmy as a network: which request tells what."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.lemmy.client import PAGE, Credentials, Item, LemmyClient
from bot.lemmy.credentials import read_credentials
from bot.lemmy.items import author_of, local_id, part, published, read_view, source_id_of
from bot.networks.account import Account
from bot.networks.errors import NetworkRefusal, Refused
from bot.networks.guess_words import guess_in
from bot.networks.network import Message, NetworkRules, Page, Place, SeenPost
from bot.networks.replies import since_of
from bot.networks.texts import Markdown
from bot.people.message_commands import command_in
from bot.runtime.clock import Clock
from bot.serving.forecast import Card, Ending
from bot.settings import Settings
from storage.types import InboxKind, PlatformName

OTHER_INSTANCE = NetworkRefusal("it is one of an instance that Peoria was on before", 404)
_TEXTS = Markdown("*{bot} [{what}]({about}) · {before}* `{out}` *{after}*")


def read_rules(settings: Settings) -> NetworkRules:
    """What is taken and written, by the settings."""
    return NetworkRules(
        reply=settings.lemmy_reply,
        per_hour=settings.lemmy_replies_per_hour,
        within=timedelta(minutes=settings.lemmy_reply_minutes),
        max_age=timedelta(hours=settings.lemmy_max_age_hours),
        horizon=timedelta(hours=settings.lemmy_horizon_hours),
        every=timedelta(seconds=settings.lemmy_poll_seconds),
        guesses=settings.lemmy_guesses,
    )


class LemmyNetwork(Account[Credentials]):
    """An account on one instance; see `Network`.

    Args:
        settings_now: reads them as they are written now.

    Raises:
        PlatformRefused: the credentials are not whole.
    """

    name = PlatformName.LEMMY
    title = "Lemmy"
    client: LemmyClient
    asked: tuple[str, str] | None = None
    # Lemmy tells of one post a request; instances allow some hundreds a minute to all together.
    at_once, requests_at_once = 1, 60

    def __init__(
        self, settings: Settings, settings_now: Callable[[], Settings], *, clock: Clock
    ) -> None:
        super().__init__(lambda: read_credentials(settings_now()))
        self._clock = clock
        self._nsfw = settings.lemmy_nsfw
        instance = self._instance = self._credentials.home
        self._about = settings.lemmy_about or f"{instance}/u/{settings.lemmy_username}"
        self.watched: Mapping[str, str] = {
            name.lower(): f"!{name.lower()}" for name in settings.lemmy_communities
        }
        self.client = LemmyClient(
            self._credentials,
            agent=f"peoria (bot of {self._credentials.username})",
            clock=clock,
        )

    async def introduce(self, *, writes: bool) -> str:
        """Sign in, and mark the account as a bot if we write."""
        me = await self.client.me()
        if writes and me.get("bot_account") is not True:
            await self.client.mark_as_bot()
        return f"{me.get('name')} on {self._instance}"

    async def me(self) -> str:
        """Our address, as that of an author."""
        return str((await self.client.me()).get("actor_id"))

    async def newest(self, community: str, after: str | None) -> Page[SeenPost]:
        """A page of the newest posts of a community."""
        number = int(after or 1)
        views = await self.client.posts(community, number)
        now = self._clock()
        read = (read_view(view, now, self._instance, nsfw=self._nsfw) for view in views)
        posts = [each for each in read if each is not None]
        # Pinned posts stand on the first page and say nothing of how far back it goes.
        times = [each.posted_at for each in posts if not each.is_pinned]
        return Page(posts, min(times, default=None), str(number + 1) if views else None)

    async def look(self, posts: Sequence[str]) -> Mapping[str, SeenPost | None]:
        """Posts by source id, a request for each."""
        found: dict[str, SeenPost | None] = {}
        for source_id in posts:
            post_id = local_id(source_id, self._instance)
            if post_id is None:
                # One of an instance that we were on before: whether it is there, nobody tells.
                continue
            try:
                view = await self.client.post(post_id)
            except NetworkRefusal as refusal:
                if refusal.why is Refused.ABSENT:
                    found[source_id] = None
                continue
            seen = read_view(view, self._clock(), self._instance, nsfw=self._nsfw)
            if seen is not None:
                found[source_id] = seen
        return found

    async def messages(self, after: str | None) -> Page[Message]:
        """A page of replies to us, mentions and private messages."""
        number = int(after or 1)
        listings = [
            ("comment", False, await self.client.replies(number)),
            ("comment", True, await self.client.mentions(number)),
            ("private_message", False, await self.client.messages(number)),
        ]
        found: list[Message] = []
        oldest: list[datetime] = []
        for key, mentioned, views in listings:
            read = (self._message(view, key, mentioned=mentioned) for view in views)
            found += [each for each in read if each is not None]
            times = [at for view in views if (at := published(view, key)) is not None]
            if len(views) == PAGE and times:
                oldest.append(min(times))
        # As long as one of the three goes on, there may be more that is new.
        return Page(found, max(oldest, default=None), str(number + 1) if oldest else None)

    async def comments(self, community: str, after: str | None) -> Page[Message] | None:
        """A page of the newest comments in a community, as guesses; most of them guess nothing."""
        number = int(after or 1)
        views = await self.client.community_comments(community, number)
        found = [each for view in views if (each := self._guess(view)) is not None]
        times = [at for view in views if (at := published(view, "comment")) is not None]
        return Page(found, min(times, default=None), str(number + 1) if views else None)

    async def shows(self, community: str) -> bool:
        """Whether the instance shows a community."""
        view = await self.client.community(community)
        return not part(view, "community").get("removed")

    async def is_banned(self, community: str) -> bool:
        """Whether we are banned from a community; where it is not told, as before."""
        return (await self.client.community(community)).get("banned_from_community") is not False

    async def write(self, place: Place, text: str) -> str:
        """Comment once; the comment's id."""
        post_id, parent = self._ids(place)
        return str(await self.client.comment(post_id, text, parent))

    async def own_answer(self, place: Place, since: datetime) -> str | None:
        """Our own comment on a post or a comment, written since then."""
        post_id, parent = self._ids(place)
        me = (await self.client.me())["id"]
        for view in await self.client.comments(post_id, parent):
            comment, at = part(view, "comment"), published(view, "comment")
            ours = comment.get("creator_id") == me and not comment.get("deleted")
            above = str(comment.get("path", "")).split(".")[-2:-1]
            right = above == [str(parent or 0)]
            if ours and right and at is not None and at > since_of(since):
                return str(comment["id"])
        return None

    async def edit(self, answer_id: str, text: str) -> None:
        """Change a comment."""
        await self.client.edit(int(answer_id), text)

    async def delete(self, answer_id: str) -> None:
        """Delete a comment."""
        await self.client.delete(int(answer_id))

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

    def _ids(self, place: Place) -> tuple[int, int | None]:
        """The numbers of a post and of a comment below it on our instance."""
        post_id = local_id(place.post, self._instance)
        said = None if place.message is None else place.message.removeprefix("comment ")
        parent = None if said is None else local_id(said, self._instance)
        if post_id is None or (said is not None and parent is None):
            raise OTHER_INSTANCE
        return post_id, parent

    def _message(self, view: Item, key: str, *, mentioned: bool) -> Message | None:
        thing, author, sent_at = part(view, key), author_of(view), published(view, key)
        thing_id, post_id = thing.get("id"), thing.get("post_id")
        if author is None or sent_at is None or not isinstance(thing_id, int):
            return None
        is_private = key == "private_message"
        kind = command_in(thing.get("content"))
        bucket = None if is_private else guess_in(thing.get("content"))
        if kind is None and bucket is not None:
            kind, sent_at = InboxKind.GUESS, _changed_at(thing, sent_at)
        if kind is None and mentioned:
            kind = InboxKind.PREDICT
        if kind is InboxKind.PREDICT and part(view, "creator").get("bot_account") is True:
            # Bots do not talk to each other here.
            return None
        if kind is None or (kind is InboxKind.PREDICT and is_private):
            return None
        return Message(
            source_id=f"{key} {source_id_of(thing_id, self._instance)}",
            kind=kind,
            author=author,
            sent_at=sent_at,
            post=source_id_of(post_id, self._instance) if isinstance(post_id, int) else None,
            is_private=is_private,
            bucket=bucket,
        )

    def _guess(self, view: Item) -> Message | None:
        """A comment as a guess; one that was deleted or says nothing of a guess guesses nothing."""
        thing, author, sent_at = part(view, "comment"), author_of(view), published(view, "comment")
        thing_id, post_id = thing.get("id"), thing.get("post_id")
        if author is None or sent_at is None:
            return None
        if not isinstance(thing_id, int) or not isinstance(post_id, int):
            return None
        gone = thing.get("deleted") or thing.get("removed")
        return Message(
            source_id=f"comment {source_id_of(thing_id, self._instance)}",
            kind=InboxKind.GUESS,
            author=author,
            sent_at=_changed_at(thing, sent_at),
            post=source_id_of(post_id, self._instance),
            bucket=None if gone else guess_in(thing.get("content")),
        )


def _changed_at(thing: Mapping[str, Any], sent_at: datetime) -> datetime:
    """When a comment was last edited."""
    return max(published({"it": {"published": thing.get("updated")}}, "it") or sent_at, sent_at)
