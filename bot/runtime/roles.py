"""What a process of Peoria does: one does all of it, or several divide it between themselves."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """A part of the work that a process may have. `MEANING` says what each is."""

    DISCORD = "discord"
    REDDIT = "reddit"
    LEMMY = "lemmy"
    MASTODON = "mastodon"
    BLUESKY = "bluesky"
    WEB = "web"
    JOBS = "jobs"
    EMBED = "embed"
    TRAIN = "train"


#: What a process with a role does.
MEANING: Final = {
    Role.DISCORD: "is connected to Discord; takes, predicts, answers and scores the posts there",
    Role.REDDIT: "watches Reddit, and does the same there",
    Role.LEMMY: "watches communities of Lemmy, and does the same there",
    Role.MASTODON: "watches hashtags, accounts and lists of Mastodon, and does the same there",
    Role.BLUESKY: "watches hashtags, accounts, feeds and lists of Bluesky, and does the same there",
    Role.WEB: "serves the board, and does the same there; only this one listens on a port",
    Role.JOBS: "webhooks, health of the model, backups, deleting what is old",
    Role.EMBED: "reads the text in images, embeds stored images again for another backbone",
    Role.TRAIN: "carries out training that is due or asked for, tries new starters",
}

ALL: Final = tuple(Role)
#: Roles that take posts. A post is predicted where it was taken, while that process lives.
PLATFORMS: Final = frozenset(
    {Role.DISCORD, Role.REDDIT, Role.LEMMY, Role.MASTODON, Role.BLUESKY, Role.WEB}
)
#: Roles of which one process at a time does the work, while the others wait to take over.
ONE_AT_A_TIME: Final = frozenset({Role.JOBS, Role.EMBED, Role.TRAIN})


def parse_roles(names: Iterable[str]) -> tuple[Role, ...]:
    """The roles of these names, each once and in their usual order; none means all.

    Raises:
        ValueError: there is no such role.
    """
    wanted = {name.strip().lower() for name in names} - {""}
    unknown = sorted(wanted - {*Role})
    if unknown:
        raise ValueError(f"must be of {', '.join(Role)}; there is no {unknown[0]!r:.40}")
    return tuple(role for role in Role if role in wanted) or ALL
