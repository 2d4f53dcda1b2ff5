"""The wiki page of a subreddit: read when it changed, applied as a whole or not at all."""

import logging
from collections.abc import Mapping
from typing import Any

from bot.audit import Action, Actor
from bot.communities import change_community
from bot.community_settings import CommunityChange, SettingRefused
from bot.core import Core
from bot.league.digest_times import end_digest, find_digest, set_digest
from bot.notices import NoticeKind, add_notice
from bot.people.identity import hash_person
from bot.people.sealed_ids import seal_id
from bot.reddit.client import Item, RedditClient
from bot.reddit.errors import NotAllowed, NotThere
from bot.reddit.moderators.roster import Roster
from bot.reddit.moderators.wiki_settings import (
    Leaderboard,
    PageRefused,
    PageSettings,
    read_page,
    without,
)
from bot.reddit.options import WIKI
from storage.engine.scopes import community_scope
from storage.tables import Community
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: Name of the page.
PAGE = "peoria"

REVISION, NAMES, FAULT = "revision", "names", "fault"

_NOT_OF_A_MODERATOR = (
    "it was last changed by somebody who does not moderate. Let only moderators edit the page (its"
    " settings in the wiki), and save it once more."
)


class WikiSettings:
    """Takes up what moderators write on the page."""

    def __init__(self, client: RedditClient, core: Core, roster: Roster) -> None:
        self._client = client
        self._core = core
        self._database = core.database
        self._roster = roster
        self._clock = core.clock

    async def read(self, community: Community) -> bool:
        """Take up the page of a subreddit if it changed; return whether it did.

        Raises:
            PlatformUnavailable: Reddit cannot be asked now.
        """
        before: Mapping[str, Any] = community.options.get(WIKI) or {}
        try:
            page = await self._client.wiki_page(community.source_id, PAGE)
        except (NotThere, NotAllowed):
            # There is none (any more), or it is not for us: what was set stays.
            return False
        revision = str(page.get("revision_id") or page.get("revision_date"))
        if before.get(REVISION) == revision:
            return False
        named = before.get(NAMES) or []
        try:
            author = await self._author(community, page)
            found = read_page(str(page["content_md"]))
            await self._apply(community, found, revision, named)
        except PageRefused as refusal:
            reason = str(refusal)
            # Where everybody may save the page, whoever does so again and again writes no mail.
            told = _NOT_OF_A_MODERATOR in reason and before.get(FAULT) == reason
            await self._refuse(community, revision, named, reason, told=told)
        else:
            await self._note(community, author, found, {*named} - found.names)
        return True

    async def _note(
        self, community: Community, author: str, found: PageSettings, gone: set[str]
    ) -> None:
        """Note in the audit log who saved the page, what it says, and what it does not any more."""
        key, platform = self._core.people_key, PlatformName.REDDIT
        actor = Actor(
            platform,
            person=hash_person(key, platform, author),
            sealed_id=seal_id(key, platform, author),
        )
        details = {**found.written, **dict.fromkeys(sorted(gone), "default")}
        await self._core.audit.note(
            actor, Action.SETTINGS, community_id=community.id, details=details
        )

    async def _author(self, community: Community, page: Item) -> str:
        """The moderator who saved the page.

        Raises:
            PageRefused: somebody else did: in many subreddits everybody may write in the wiki.
        """
        author = page.get("revision_by")
        data = author.get("data") if isinstance(author, dict) else None
        name = data.get("name") if isinstance(data, dict) else None
        if not isinstance(name, str) or not await self._roster.is_moderator(
            community.source_id, name
        ):
            raise PageRefused(1, _NOT_OF_A_MODERATOR)
        return name

    async def _apply(
        self, community: Community, found: PageSettings, revision: str, named: list[str]
    ) -> None:
        change = _merged(without({*named} - found.names), found.change)
        marks = {REVISION: revision, NAMES: sorted(found.names), FAULT: None}
        options = {**change.get("options", {}), WIKI: marks}
        # Last of all the revision: a process that dies before begins anew.
        zone = change.get("time_zone", community.time_zone)
        if found.names & {"leaderboard"} or "leaderboard" in named:
            await self._set_leaderboard(community, found.leaderboard, zone)
        try:
            change["options"] = options
            await change_community(self._database, community.id, **change)
        except SettingRefused as refusal:
            line = min(found.lines.values(), default=1)
            raise PageRefused(line, str(refusal)) from refusal
        log.info("%s has settings of its own: %s.", community.name, ", ".join(sorted(found.names)))

    async def _set_leaderboard(
        self, community: Community, wanted: Leaderboard, time_zone: str
    ) -> None:
        platform, place = PlatformName.REDDIT, community.source_id
        if wanted.form is None:
            await end_digest(self._database, platform, place)
            return
        async with self._database.read() as session:
            digest = await find_digest(session, platform, place)
        at = wanted.form.value, wanted.weekday, wanted.minute, time_zone
        if digest is not None and at == (
            digest.channel, digest.weekday, digest.minute, digest.time_zone,
        ):  # fmt: skip
            return
        await set_digest(
            self._database,
            platform,
            place,
            channel=wanted.form.value,
            weekday=wanted.weekday,
            minute=wanted.minute,
            time_zone=time_zone,
            now=self._clock(),
        )

    async def _refuse(
        self, community: Community, revision: str, named: list[str], reason: str, *, told: bool
    ) -> None:
        """Leave everything as it was, and tell the moderators why, once for each revision.

        Args:
            told: whether they know already.
        """
        log.warning("The wiki page of %s cannot be taken up: %s", community.name, reason)
        text = (
            f"The wiki page /{community.name}/wiki/{PAGE} cannot be taken up. {reason} Nothing was"
            " changed; the settings from before hold."
        )
        async with self._database.write(alone_in=[community_scope(community.id)]) as session:
            row = await session.get_one(Community, community.id)
            marks = {REVISION: revision, NAMES: named, FAULT: reason}
            row.options = {**row.options, WIKI: marks}
            if not told:
                add_notice(
                    session, NoticeKind.SETTINGS, text, now=self._clock(), community_id=community.id
                )


def _merged(before: CommunityChange, after: CommunityChange) -> CommunityChange:
    """Both changes; where they differ, the second counts."""
    merged = before | after
    options = {**before.get("options", {}), **after.get("options", {})}
    if options:
        merged["options"] = options
    return merged
