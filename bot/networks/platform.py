"""A network behind the protocol that every platform has."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial

from bot.core import Core
from bot.networks.absence import EVERY as DELETIONS_EVERY
from bot.networks.absence import Absence
from bot.networks.comment_guesses import CommentGuesses
from bot.networks.errors import CredentialsRefused, NetworkRefusal
from bot.networks.history import EVERY as IMPORTS_EVERY
from bot.networks.history import HistoryImports
from bot.networks.inbox import Inbox
from bot.networks.inbox_answers import InboxAnswers
from bot.networks.listing import NetworkListing
from bot.networks.network import Network, NetworkRules
from bot.networks.replies import BANNED_AT, Replies
from bot.networks.scores import ScoreReader
from bot.networks.service import NetworkService
from bot.networks.turns import Turns
from bot.networks.watch import Watch
from bot.platform import PlatformRefused, PlatformUnavailable, PostRef, Reading
from bot.posts.history_imports import begin_import
from bot.posts.pipeline import Pipeline
from bot.serving.forecast import Card, Ending

log = logging.getLogger(__name__)

_BANS_EVERY = timedelta(hours=1)


class NetworkPlatform:
    """Watches communities of a network, answers where that is wanted, and reads scores.

    Nothing happens on its own but through `tick`, which does what is due by the clock; once
    started, a task calls it every second.

    Args:
        network: asks it.
    """

    def __init__(
        self, core: Core, pipeline: Pipeline, network: Network, rules: NetworkRules
    ) -> None:
        self.name = network.name
        self.network = network
        self._core = core
        self._every = rules.every
        self._turns = Turns(network.title, (NetworkRefusal,), self._note_closed, clock=core.clock)
        self._service = NetworkService(
            network.name.value,
            network.title,
            self,
            self._turns,
            core.services.report(network.name.value, network.title),
            core.database,
        )
        network.before_writing = self._service.check_duty
        self._replies = Replies(network, core.database, rules, clock=core.clock)
        self._watch = Watch(network, core, pipeline, rules)
        self._guesses = CommentGuesses(network, core) if rules.guesses else None
        self._inbox = Inbox(network, core, self._replies, self._watch, self._guesses)
        self._answers = InboxAnswers(network, core, pipeline, self._replies, self._watch)
        self._scores = ScoreReader(network, self._watch.listed_score, clock=core.clock)
        self._absence = Absence(network, core)
        self.imports = HistoryImports(NetworkListing(network, clock=core.clock), core, pipeline)
        #: Whether the network was told since we signed in that we are a bot.
        self._introduced = False

    async def start(self) -> None:
        """Sign in and begin to watch. The network may be away just now: then that is tried again.

        Raises:
            PlatformRefused: the network does not accept the credentials.
        """
        self.sign_in_anew()
        try:
            await self._introduce()
        except CredentialsRefused as error:
            raise PlatformRefused(str(error)) from error
        except (PlatformUnavailable, NetworkRefusal) as error:
            log.warning("%s cannot be asked now (%s); trying again.", self.network.title, error)
        if not self.network.watched:
            log.warning("Nothing is watched on %s: none is set.", self.network.title)
        await self._service.begin()

    async def _introduce(self) -> None:
        """Find out who we are, and say there that we are a bot."""
        who = await self.network.introduce(writes=self._replies.rules.writes and self.on_duty)
        log.info("Signed in to %s as %s.", self.network.title, who)
        self._introduced = self.on_duty

    def credentials(self) -> object:
        """What we would sign in with now; None: what is set is not whole."""
        return self.network.credentials()

    @property
    def credentials_used(self) -> object:
        """Those of the latest try to sign in."""
        return self.network.credentials_used

    def sign_in_anew(self) -> None:
        """Take the credentials of now, and begin everything anew."""
        self.network.sign_in_anew()
        self._turns.begin_anew()
        self._introduced = False

    async def stop(self) -> None:
        """Stop watching."""
        await self._service.end()
        await self.network.close()

    @property
    def on_duty(self) -> bool:
        """Whether the network is this process's: of several on one database, one has it."""
        return self._service.on_duty

    def guarding(self) -> AbstractContextManager[None]:
        """A block in which nothing is written once the network is another process's."""
        return self._service.guarding()

    async def tick(self) -> None:
        """Do what is due: read communities and messages. Nothing while another process does."""
        await self._service.tick()

    async def do_what_is_due(self) -> None:
        """Read communities and messages, follow bans and deletions."""
        if not self._introduced:
            # The network was away at the start, or this process had nothing to do then.
            await self._turns.run_due("account", self._every, self._introduce)
        for source_id, name in self.network.watched.items():
            await self._turns.run_due(name, self._every, partial(self._poll, source_id))
        await self._turns.run_due("messages", self._every, self._read_messages)
        await self._turns.run_due("bans", _BANS_EVERY, self._look_at_bans)
        await self._turns.run_due("deletions", DELETIONS_EVERY, self._absence.follow)
        await self._turns.run_due("imports", IMPORTS_EVERY, self.imports.go_on)

    async def _poll(self, source_id: str) -> None:
        community = await self._watch.poll(source_id)
        if community.watched and self._guesses is not None:
            await self._guesses.read(community)

    async def _read_messages(self) -> None:
        await self._inbox.read()
        await self._answers.answer_due()

    async def _look_at_bans(self) -> None:
        """Find out whether bans have ended."""
        for source_id, name in self.network.watched.items():
            community = await self._watch.community(source_id, name)
            if BANNED_AT in community.options and not await self.network.is_banned(source_id):
                await self._replies.end_ban(community)

    async def _note_closed(self, what: str, error: Exception) -> None:
        log.warning("%s cannot be read (%s); tried again every hour.", what, error)

    async def begin_import(self, community: str, *, since: datetime) -> int:
        """Have the past of what is watched imported; return the id of its community.

        Args:
            community: as the settings name it.

        Raises:
            PlatformRefused: it is not watched.
        """
        wanted = community.strip().lower().removeprefix("!")
        for source_id, name in self.network.watched.items():
            if source_id.lower() == wanted:
                found = await self._watch.community(source_id, name)
                await begin_import(
                    self._core.database,
                    found.id,
                    since=since,
                    shown_in={},
                    now=self._core.clock(),
                )
                return found.id
        watched = ", ".join(self.network.watched) or "nothing"
        raise PlatformRefused(
            f"{community} is not watched on {self.network.title}; what is: {watched}."
        )

    async def reply(self, post: PostRef, card: Card, *, sent_before: bool) -> str:
        """Answer a post with its prediction; see `Replies.reply`."""
        self._service.check_duty()
        return await self._replies.reply(post, card, sent_before=sent_before)

    async def find_reply(self, post: PostRef) -> str | None:
        """Our answer to a post, if there is one; see `Replies.find_reply`."""
        self._service.check_duty()
        return await self._replies.find_reply(post)

    async def settle(self, post: PostRef, reply_id: str, outcome: Ending) -> None:
        """Put the outcome into the answer; see `Replies.settle`."""
        self._service.check_duty()
        await self._replies.settle(post, reply_id, outcome)

    async def withdraw(self, post: PostRef, reply_id: str | None) -> None:
        """Delete the answer; see `Replies.withdraw`."""
        self._service.check_duty()
        await self._replies.withdraw(post, reply_id)

    async def announce(
        self, text: str, community_source_id: str | None, *, told_since: datetime | None
    ) -> None:
        """There is no place for admins alone here; the board and Discord show notices."""
        return

    async def read_scores(self, posts: Sequence[PostRef]) -> Mapping[int, Reading]:
        """Read scores; see `ScoreReader.read`."""
        return await self._scores.read(posts)
