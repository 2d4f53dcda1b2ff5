"""What works on Reddit and what does not, one question after the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.networks.errors import CredentialsRefused
from bot.platform import PlatformRefused, PlatformUnavailable
from bot.reddit.client import RedditClient
from bot.reddit.credentials import read_credentials
from bot.reddit.errors import NotAllowed, NotThere, RedditRefusal
from bot.runtime.clock import Clock
from bot.settings import Settings
from bot.setup_checks import NOTHING_CHOSEN

#: Scopes that the bot needs to watch, and those that it needs besides to comment and to answer.
READING = ("identity", "read")
WRITING = ("submit", "edit", "history", "privatemessages")


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question. ``ok`` is None where it could not be asked."""

    what: str
    ok: bool | None
    text: str


async def check_reddit(settings: Settings, clock: Clock) -> Sequence[Finding]:
    """The findings of a client of its own, with the credentials as they are now."""
    try:
        credentials = read_credentials(settings)
    except PlatformRefused as refusal:
        return [Finding("credentials", False, str(refusal))]
    client = RedditClient(
        credentials, url=settings.reddit_url, oauth_url=settings.reddit_oauth_url, clock=clock
    )
    try:
        return await Check(client, settings).run()
    finally:
        await client.close()


class Check:
    """Asks Reddit everything that the bot relies on; writes nothing."""

    def __init__(self, client: RedditClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    async def run(self) -> list[Finding]:
        """The findings, in the order in which they build on each other."""
        account = await self._account()
        if not account.ok:
            return [account]
        findings = [account, await self._scopes()]
        if not self._settings.reddit_subreddits:
            none = NOTHING_CHOSEN.format(setting="PEORIA_REDDIT_SUBREDDITS=aww,pics")
            findings.append(Finding("subreddits", False, none))
        subreddits = [await self._subreddit(name) for name in self._settings.reddit_subreddits]
        return [*findings, *subreddits, self._rate_limit(), self._replies()]

    async def _account(self) -> Finding:
        try:
            name = await self._client.me()
        except CredentialsRefused as error:
            return Finding("credentials", False, str(error))
        except PlatformUnavailable as error:
            return Finding("credentials", None, f"Reddit cannot be asked now: {error}.")
        except (NotAllowed, NotThere, RedditRefusal) as error:
            return Finding(
                "credentials", False, f"Reddit does not say which account this is: {error}"
            )
        return Finding("credentials", True, f"Signed in as u/{name}.")

    async def _scopes(self) -> Finding:
        try:
            granted = await self._client.scopes()
        except PlatformUnavailable as error:
            return Finding("scopes", None, f"Reddit cannot be asked now: {error}.")
        needed = READING + (WRITING if self._settings.reddit_reply == "on" else ())
        missing = [scope for scope in needed if scope not in granted and "*" not in granted]
        if missing:
            return Finding(
                "scopes",
                False,
                f"The refresh token lacks {', '.join(missing)}: make one with the scopes"
                f" {' '.join(READING + WRITING)}.",
            )
        return Finding("scopes", True, "All." if "*" in granted else f"{', '.join(needed)}.")

    async def _subreddit(self, name: str) -> Finding:
        what = f"r/{name}"
        if name.lower() in {each.lower() for each in self._settings.reddit_deny}:
            return Finding(what, True, "Left alone: it is in PEORIA_REDDIT_DENY.")
        try:
            about = await self._client.about(name)
            page = await self._client.new(name)
        except NotThere:
            return Finding(what, False, "There is no such subreddit.")
        except NotAllowed:
            return Finding(
                what, False, "It is closed to this account: private, or the account is banned."
            )
        except PlatformUnavailable as error:
            return Finding(what, None, f"Reddit cannot be asked now: {error}.")
        if about.get("user_is_banned") is True:
            return Finding(
                what,
                False,
                "The account is banned: posts are read there, and no comments are written.",
            )
        return Finding(what, True, f"Readable, {len(page.items)} posts on the first page.")

    def _rate_limit(self) -> Finding:
        pace = self._client.pace
        wait = pace.resets_in
        if pace.remaining is None or wait is None:
            return Finding("rate limit", None, "Reddit did not send it.")
        return Finding(
            "rate limit",
            pace.remaining >= 1,
            f"{pace.remaining:.0f} requests left for the next {wait.total_seconds():.0f} s.",
        )

    def _replies(self) -> Finding:
        if self._settings.reddit_reply == "off":
            return Finding("replies", True, "Off: nothing is written (PEORIA_REDDIT_REPLY).")
        return Finding(
            "replies",
            True,
            f"On: at most {self._settings.reddit_replies_per_hour} an hour and subreddit.",
        )


def all_well(findings: Sequence[Finding]) -> bool:
    """Whether nothing is known to be wrong, and the account could be asked."""
    return (
        bool(findings) and findings[0].ok is True and all(each.ok is not False for each in findings)
    )
