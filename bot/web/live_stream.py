"""What has changed, said at once to those who have a page open: server-sent events.

One look a second at the database serves all who watch, however many they are, and finds also what
another process did. A changed card is drawn once for all who had no part in the post, and once more
for each who voted, guessed or posted it. Who does not read what they are sent holds up nobody: of
each post only the newest card waits for them.
"""

import asyncio
import json
import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp_jinja2
from aiohttp import web
from sqlalchemy.orm import Session

from bot.texts.language import Language, language, speaking
from bot.web.account_sessions import AccountSessions
from bot.web.cards import MOST_CARDS, read_id
from bot.web.feed import Feed
from bot.web.live_sessions import Claims, claims_of, read_over
from bot.web.live_signs import (
    Sign,
    read_last,
    read_newest,
    read_parties,
    read_shown,
    read_signs,
    read_training,
)
from bot.web.middlewares import HEADERS
from bot.web.post_view import PostView
from bot.web.refusals import Refusal
from bot.web.services import Services
from bot.web.turns import READING
from bot.web.visitors import Visitor, read_viewer, visitor_of

log = logging.getLogger(__name__)

#: Between two looks at the database, seconds.
LOOK_SECONDS = 1.0
#: Without anything to say, a line is sent so often, so that either side notices who is gone.
_QUIET_SECONDS = 15.0
#: How long one stream lasts; the browser opens another one by itself.
_LASTS_SECONDS = 240.0
#: How soon the browser does, milliseconds.
_RETRY_MS = 2000
#: Streams may take so many of the connections that the board has, in all and for one household.
_SHARE_OF_PLACES = 0.5
#: Posts that are watched at the same time, in all; one household has its share of them.
_MOST_POSTS = 600
_RETRY_AFTER = 30
#: New posts of one look that are told of one by one; of more it is told that they are many.
_MANY_NEW = 20
#: A proxy that gathers answers would hold events back.
_STREAM = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}


@dataclass(eq=False)
class Watcher:
    """Somebody with a page open.

    Attributes:
        visitor: who.
        claims: the sessions that they have it open with.
        language: the one that they read.
        posts: whose cards are on the page.
        communities: whose new posts are told of.
        training: whether training runs are told of.
        last: the greatest id of a post when they came: their page shows all up to it.
        told: the new posts that they were told of.
        waiting: what was not sent yet: the newest of each kind and thing.
    """

    visitor: Visitor
    claims: Claims
    language: Language
    posts: frozenset[int]
    communities: frozenset[int]
    training: bool
    last: int
    told: set[int] = field(default_factory=set)
    waiting: dict[tuple[str, int], str] = field(default_factory=dict)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, event: str, number: int, **content: object) -> None:
        """Let them know."""
        text = json.dumps({"id": number} | content)
        self.waiting[event, number] = f"event: {event}\ndata: {text}\n\n"
        self.woken.set()

    def take(self) -> str:
        """What waits for them, which waits no more."""
        text = "".join(self.waiting.values())
        self.waiting.clear()
        self.woken.clear()
        return text


class LiveStream:
    """Tells pages that are open what changed."""

    def __init__(self, services: Services, feed: Feed, site: web.Application) -> None:
        self._services = services
        self._feed = feed
        self._site = site
        self._sessions = AccountSessions(services)
        self._watchers: set[Watcher] = set()
        self._each: Counter[str] = Counter()
        settings = services.settings
        self._most = max(int(settings.web_connections * _SHARE_OF_PLACES), 1)
        self._most_each = max(int(settings.web_connections_each * _SHARE_OF_PLACES), 1)
        self._looking: asyncio.Task[None] | None = None
        site.on_shutdown.append(self._close)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """GET /live?posts=7,6&community=board&training=1: events, as long as the page is open."""
        household = visitor_of(request).household
        # Before the database is asked: whoever has no place costs nothing.
        self._check_places(household)
        async with request.config_dict[READING].take():
            watcher = await self._read(request)
        self._check_places(household)
        self._check_posts(watcher, household)
        self._each[household] += 1
        self._watchers.add(watcher)
        try:
            return await self._send(request, watcher)
        finally:
            self._watchers.discard(watcher)
            self._each[household] -= 1
            if not self._each[household]:
                del self._each[household]

    def _check_places(self, household: str) -> None:
        if len(self._watchers) >= self._most or self._each[household] >= self._most_each:
            raise _no_room()

    def _check_posts(self, watcher: Watcher, household: str) -> None:
        others = [each for each in self._watchers if each.visitor.household == household]
        own = watcher.posts.union(*(each.posts for each in others))
        posts = watcher.posts.union(*(each.posts for each in self._watchers))
        if len(posts) > _MOST_POSTS or len(own) > _MOST_POSTS * _SHARE_OF_PLACES:
            raise _no_room()

    async def _send(self, request: web.Request, watcher: Watcher) -> web.StreamResponse:
        response = web.StreamResponse(headers={**HEADERS, **_STREAM})
        await response.prepare(request)
        await response.write(f"retry: {_RETRY_MS}\n\n".encode())
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_on(), name="Live pages")
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + _LASTS_SECONDS
        try:
            while watcher in self._watchers and loop.time() < ends_at:
                try:
                    async with asyncio.timeout(_QUIET_SECONDS):
                        await watcher.woken.wait()
                except TimeoutError:
                    text = ":\n\n"
                else:
                    text = watcher.take()
                await response.write(text.encode())
        except ConnectionResetError:
            # They closed the page.
            log.debug("Somebody who watched is gone.")
        return response

    async def _read(self, request: web.Request) -> Watcher:
        """Who asks, for what.

        Raises:
            Refusal: (400) the address says something else.
        """
        ids = [read_id(text) for text in request.query.get("posts", "").split(",") if text]
        if len(ids) > MOST_CARDS or None in ids:
            raise Refusal(400, f"The parameter posts holds at most {MOST_CARDS} numbers.")
        place = request.query.get("community", "")
        board = await self._feed.board() if place == "board" else None
        asked = read_id(place) if board is None else board.id
        visitor = visitor_of(request)
        claims = claims_of(request, self._services, self._sessions)

        def read(session: Session) -> Watcher:
            posts, communities = read_shown(
                session,
                read_viewer(session, visitor),
                self._services.visibility,
                [each for each in ids if each is not None],
                [] if asked is None else [asked],
            )
            return Watcher(
                visitor,
                claims,
                language(),
                posts,
                communities,
                training=request.query.get("training") == "1",
                last=read_last(session),
            )

        return await self._services.database.run_read(read)

    async def _look_on(self) -> None:
        """Look as long as somebody watches."""
        try:
            seen = await self._seen()
            while self._watchers:
                await asyncio.sleep(LOOK_SECONDS)
                seen = await self._look(seen)
        except Exception:
            log.exception("Open pages cannot be told what changed; they ask by themselves.")
            self._end()

    async def _look(self, before: "_Seen") -> "_Seen":
        seen = await self._seen()
        for each in [each for each in self._watchers if each.claims in seen.over]:
            # They signed out: their browser opens another one, as who they are now.
            self._watchers.discard(each)
            each.waiting.clear()
            each.woken.set()
        changed = {
            post_id
            for post_id, sign in before.signs.items()
            if post_id in seen.watched and seen.signs.get(post_id) != sign
        }
        if changed:
            await self._tell_cards(changed)
        for each in self._watchers:
            new = [
                post_id
                for community_id, post_id in seen.newest
                if community_id in each.communities and post_id > each.last
            ]
            unheard = set(new).difference(each.told)
            each.told.update(unheard)
            if len(unheard) > _MANY_NEW:
                # As after an import.
                each.tell("many", 0)
            else:
                for post_id in sorted(unheard):
                    each.tell("new", post_id)
        if seen.training != before.training:
            for each in self._watchers:
                if each.training:
                    each.tell("training", 0)
        return seen

    async def _seen(self) -> "_Seen":
        posts = {post for each in self._watchers for post in each.posts}
        communities = {each for watcher in self._watchers for each in watcher.communities}
        after = min((each.last for each in self._watchers), default=0)
        claims = {each.claims for each in self._watchers}
        now = self._services.clock()

        def see(session: Session) -> _Seen:
            return _Seen(
                watched=posts,
                signs=read_signs(session, posts, now) if posts else {},
                newest=read_newest(session, communities, after) if communities else (),
                training=read_training(session),
                over=read_over(session, claims),
            )

        return await self._services.database.run_read(see)

    async def _tell_cards(self, changed: Collection[int]) -> None:
        """Send the cards of posts that changed to those who have them on their page."""
        watchers = [each for each in self._watchers if not each.posts.isdisjoint(changed)]
        people = {each.visitor.hash for each in watchers}
        parties = await self._services.database.run_read(
            lambda session: read_parties(session, changed, people)
        )
        everybody: defaultdict[tuple[Language, bool], list[Watcher]] = defaultdict(list)
        for watcher in watchers:
            own = [
                post_id
                for post_id in watcher.posts.intersection(changed)
                if watcher.visitor.hash in parties.get(post_id, ())
            ]
            if own:
                self._tell(watcher, own, await self._cards(watcher, watcher.visitor, own))
            everybody[watcher.language, watcher.visitor.is_admin].append(watcher)
        for same in everybody.values():
            drawn = await self._cards(same[0], _like(same[0].visitor), sorted(changed))
            for watcher in same:
                others = [
                    post_id
                    for post_id in watcher.posts.intersection(changed)
                    if watcher.visitor.hash not in parties.get(post_id, ())
                ]
                self._tell(watcher, others, drawn)

    def _tell(self, watcher: Watcher, post_ids: Collection[int], drawn: Mapping[int, str]) -> None:
        for post_id in post_ids:
            if post_id in drawn:
                watcher.tell("card", post_id, html=drawn[post_id])
            else:
                watcher.tell("gone", post_id)

    async def _cards(
        self, reader: Watcher, visitor: Visitor, post_ids: Collection[int]
    ) -> dict[int, str]:
        """The cards as a visitor sees them, in the language of a reader."""
        with speaking(reader.language):
            posts = await self._feed.posts(visitor, list(post_ids))
            return {post.id: self._draw(post) for post in posts}

    def _draw(self, post: PostView) -> str:
        template = aiohttp_jinja2.get_env(self._site).get_template("_one_card.html")
        return template.render(post=post)

    async def _close(self, _: web.Application) -> None:
        """Let nobody wait for what will not come."""
        self._end()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})

    def _end(self) -> None:
        watchers = [*self._watchers]
        self._watchers.clear()
        for each in watchers:
            each.woken.set()


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one look found."""

    watched: Collection[int]
    signs: Mapping[int, Sign]
    newest: Sequence[tuple[int, int]]
    training: Sign
    #: Claims of those who watch that are not true any more.
    over: Collection[Claims]


def _no_room() -> Refusal:
    # The page asks now and then instead.
    return Refusal(503, "Too many pages are kept up to date just now.", retry_after=_RETRY_AFTER)


def _like(visitor: Visitor) -> Visitor:
    """Somebody who sees what a visitor sees of posts that they had no part in."""
    return Visitor(id="", hash="", since=visitor.since, is_admin=visitor.is_admin)
