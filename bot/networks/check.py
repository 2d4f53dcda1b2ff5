"""What works on a network and what does not, one question after the other; nothing is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.networks.errors import CredentialsRefused, NetworkRefusal
from bot.networks.network import Network, NetworkRules
from bot.platform import PlatformRefused, PlatformUnavailable
from bot.setup_checks import NOTHING_CHOSEN

_REPLIES = {
    "off": "Off: nothing is written (PEORIA_{name}_REPLY).",
    "asked": "Who asks is answered; the account is marked as a bot at the start.",
    "on": "On; the account is marked as a bot at the start.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question. ``ok`` is None where it could not be asked."""

    what: str
    ok: bool | None
    text: str


async def check_network(
    make: Callable[[], Network], rules: NetworkRules, *, example: str
) -> Sequence[Finding]:
    """The findings, in the order in which they build on each other.

    Args:
        make: the network; may raise `PlatformRefused`.
        example: the setting of what is watched, with a value.
    """
    try:
        network = make()
    except PlatformRefused as refusal:
        return [Finding("credentials", False, str(refusal))]
    try:
        try:
            who = await network.introduce(writes=False)
        except CredentialsRefused as error:
            return [Finding("credentials", False, str(error))]
        except (PlatformUnavailable, NetworkRefusal) as error:
            text = f"{network.title} cannot be asked now: {error}."
            return [Finding("credentials", None, text)]
        said = _REPLIES[rules.reply].format(name=network.name.value.upper())
        account = [
            Finding("credentials", True, f"Signed in to {network.title} as {who}."),
            Finding("replies", True, said),
        ]
        if not network.watched:
            return [*account, Finding("communities", False, NOTHING_CHOSEN.format(setting=example))]
        return [*account, *[await _community(network, *each) for each in network.watched.items()]]
    finally:
        await network.close()


async def _community(network: Network, source_id: str, name: str) -> Finding:
    try:
        page = await network.newest(source_id, None)
        banned = await network.is_banned(source_id)
    except NetworkRefusal as refusal:
        text = f"It is not shown to this account ({refusal}): look whether it is spelt so."
        return Finding(name, False, text)
    except PlatformUnavailable as error:
        return Finding(name, None, f"It cannot be asked for now: {error}.")
    if banned:
        return Finding(name, False, "The account is banned there: posts are read, not answered.")
    count = len(page.items)
    images = sum(each.skip is None for each in page.items)
    return Finding(
        name, True, f"Readable: {count} posts on the first page, {images} of them with images."
    )
