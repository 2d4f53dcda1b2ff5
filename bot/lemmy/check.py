"""What works on Lemmy and what does not, one question after the other; nothing is written there."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.lemmy.client import LemmyClient
from bot.lemmy.credentials import read_credentials
from bot.lemmy.errors import CredentialsRefused, LemmyRefusal
from bot.platform import PlatformRefused, PlatformUnavailable
from bot.runtime.clock import Clock
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question. ``ok`` is None where it could not be asked."""

    what: str
    ok: bool | None
    text: str


async def check_lemmy(settings: Settings, clock: Clock) -> Sequence[Finding]:
    """The findings, in the order in which they build on each other."""
    try:
        credentials = read_credentials(settings)
    except PlatformRefused as refusal:
        return [Finding("credentials", False, str(refusal))]
    client = LemmyClient(credentials, agent=f"peoria (bot of {credentials.username})", clock=clock)
    try:
        account = await _account(client, credentials.instance, writes=settings.lemmy_reply == "on")
        if not account[0].ok:
            return account
        names = settings.lemmy_communities
        if not names:
            text = "None is set: PEORIA_LEMMY_COMMUNITIES=memes@lemmy.world"
            return [*account, Finding("communities", False, text)]
        return [*account, *[await _community(client, name) for name in names]]
    finally:
        await client.close()


async def _account(client: LemmyClient, instance: str, *, writes: bool) -> list[Finding]:
    try:
        me = await client.me()
    except CredentialsRefused as error:
        return [Finding("credentials", False, str(error))]
    except (PlatformUnavailable, LemmyRefusal) as error:
        return [Finding("credentials", None, f"{instance} cannot be asked now: {error}.")]
    found = [Finding("credentials", True, f"Signed in to {instance} as {me.get('name')}.")]
    if not writes:
        found.append(Finding("replies", True, "Off: nothing is written (PEORIA_LEMMY_REPLY)."))
    elif me.get("bot_account") is True:
        found.append(Finding("replies", True, "On; the account is marked as a bot."))
    else:
        found.append(Finding("replies", True, "On; the account is marked as a bot at the start."))
    return found


async def _community(client: LemmyClient, name: str) -> Finding:
    what = f"!{name}"
    try:
        view = await client.community(name)
        posts = await client.posts(name)
    except LemmyRefusal as refusal:
        text = f"The instance does not show it ({refusal}): it may not be federated with it."
        return Finding(what, False, text)
    except PlatformUnavailable as error:
        return Finding(what, None, f"It cannot be asked for now: {error}.")
    if view.get("banned_from_community") is True:
        return Finding(what, False, "The account is banned there: posts are read, not answered.")
    return Finding(what, True, f"Readable, {len(posts)} posts on the first page.")
