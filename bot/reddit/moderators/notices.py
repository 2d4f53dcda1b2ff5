"""What moderators are told without having asked, in a conversation of theirs."""

import logging
from datetime import datetime

from bot.reddit.client import RedditClient
from bot.reddit.communities import Communities
from bot.reddit.errors import NotAllowed, NotThere, RedditRefusal
from bot.reddit.items import time_of
from bot.reddit.moderators.modmail import messages_of, moment_of
from bot.reddit.moderators.roster import Roster
from bot.reddit.options import NOTICES
from bot.reddit.own_comments import CLOCKS
from bot.reddit.reply_rules import ReplyRules

log = logging.getLogger(__name__)

SUBJECT = "Peoria"
#: Conversations among which one is looked for that may have been begun before.
_MOST_READ = 20


class ModeratorNotices:
    """Tells moderators what concerns their subreddit, where they want it."""

    def __init__(
        self, client: RedditClient, communities: Communities, roster: Roster, rules: ReplyRules
    ) -> None:
        self._client = client
        self._communities = communities
        self._roster = roster
        self._rules = rules

    async def tell(self, subreddit: str, text: str, *, told_since: datetime | None) -> None:
        """Tell the moderators of a subreddit something, once.

        Args:
            told_since: it may have been told since then: it is looked for. None: it was not.

        Raises:
            PlatformUnavailable: try again later.
        """
        community = await self._communities.find(subreddit)
        if community is None or subreddit.lower() in self._rules.denied:
            return
        wanted = community.options.get(NOTICES)
        if wanted is False:
            return
        try:
            ours = await self._roster.we_may(subreddit, "mail")
            if not ours and not wanted:
                return
            if told_since is not None and await self._was_told(subreddit, text, told_since, ours):
                return
            if ours:
                await self._client.begin_modmail(subreddit, SUBJECT, text)
            else:
                await self._client.compose(f"/r/{subreddit}", SUBJECT, text)
        except (NotAllowed, NotThere, RedditRefusal) as error:
            # Nobody there to tell, or not for us to do so: the board and Discord tell it as well.
            log.info("The moderators of r/%s cannot be told (%s).", subreddit, error)

    async def _was_told(self, subreddit: str, text: str, since: datetime, ours: bool) -> bool:
        if not ours:
            page = await self._client.sent_messages()
            return any(
                item.get("body") == text
                and (at := time_of(item)) is not None
                and at > since - CLOCKS
                for item in page.items
            )
        answer = await self._client.modmail()
        found = answer.get("conversations") if isinstance(answer, dict) else None
        mine = [
            name
            for name, each in (found.items() if isinstance(found, dict) else ())
            if isinstance(each, dict)
            and each.get("subject") == SUBJECT
            and _owner(each) == subreddit.lower()
        ]
        for name in mine[:_MOST_READ]:
            whole = await self._client.conversation(str(name))
            for each in messages_of(whole):
                at = moment_of(each.get("date"))
                if each.get("bodyMarkdown") == text and at is not None and at > since - CLOCKS:
                    return True
        return False


def _owner(conversation: dict[str, object]) -> str | None:
    owner = conversation.get("owner")
    name = owner.get("displayName") if isinstance(owner, dict) else None
    return name.lower() if isinstance(name, str) else None
