"""What is done for moderators, and how often."""

import logging
from datetime import timedelta
from functools import partial

from bot.core import Core
from bot.networks.turns import Turns
from bot.platform import PlatformUnavailable
from bot.reddit.client import RedditClient
from bot.reddit.communities import Communities
from bot.reddit.errors import NotAllowed, NotThere
from bot.reddit.moderators.flairs import ForecasterFlairs, PostFlairs
from bot.reddit.moderators.leaderboard import WeeklyLeaderboards
from bot.reddit.moderators.modmail import Modmail
from bot.reddit.moderators.modmail_answers import ModmailAnswers
from bot.reddit.moderators.notices import ModeratorNotices
from bot.reddit.moderators.roster import Roster
from bot.reddit.moderators.wiki import WikiSettings
from bot.reddit.reply_rules import ReplyRules

log = logging.getLogger(__name__)

#: How often a wiki page is asked for its revision.
WIKI_EVERY = timedelta(minutes=5)
#: How often messages are looked for where there are none at all: we moderate nothing, it seems.
IDLE_EVERY = timedelta(minutes=10)
LEADERBOARDS_EVERY = timedelta(minutes=1)
FLAIRS_EVERY = timedelta(minutes=10)
#: How often it is tried whether we may read messages of moderators by now.
_REFUSED_FOR = timedelta(hours=1)


class Moderators:
    """Reads wiki pages and messages of moderators, and shows leaderboards."""

    def __init__(
        self, client: RedditClient, core: Core, communities: Communities, rules: ReplyRules
    ) -> None:
        roster = Roster(client, clock=core.clock)
        self._communities = communities
        self._wiki = WikiSettings(client, core, roster)
        self._modmail = Modmail(client, core, communities, rules, roster)
        self._answers = ModmailAnswers(client, core)
        self._leaderboards = WeeklyLeaderboards(client, core, rules, ForecasterFlairs(client, core))
        self._post_flairs = PostFlairs(client, core, rules)
        self.notices = ModeratorNotices(client, communities, roster, rules)
        #: Whether there was any message the last time.
        self._is_written_to = True

    async def look_after(self, turns: Turns, subreddit: str) -> None:
        """Do what is due by the clock in one subreddit."""
        what = f"the wiki of r/{subreddit}"
        await turns.run_due(what, WIKI_EVERY, partial(self._read, subreddit))

    async def do_what_is_due(self, turns: Turns, every: timedelta) -> None:
        """Do what is due by the clock for all subreddits, each for itself.

        Args:
            every: how often messages are read.
        """
        pause = every if self._is_written_to else max(every, IDLE_EVERY)
        await turns.run_due("messages of moderators", pause, self._read_messages)
        await turns.run_due("answers to moderators", every, self._answers.answer_due)
        await turns.run_due("leaderboards", LEADERBOARDS_EVERY, self._leaderboards.show_due)
        await turns.run_due("flair", FLAIRS_EVERY, self._post_flairs.give_due)

    async def _read(self, name: str) -> None:
        community = await self._communities.find(name)
        if community is not None:
            await self._wiki.read(community)

    async def _read_messages(self) -> None:
        try:
            self._is_written_to = await self._modmail.read()
        except (NotAllowed, NotThere) as error:
            # Nobody made us a moderator, or the token lacks the scope.
            log.info("Messages of moderators are not read: %s", error)
            raise PlatformUnavailable(str(error), _REFUSED_FOR) from error
