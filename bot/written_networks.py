"""Accounts on networks as the first-run page writes them, and the settings that they become.

What a setting of the admin's own says, the page leaves alone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import SecretStr, TypeAdapter, ValidationError

from storage.errors import ExpectedError
from storage.types import PlatformName

#: Longest file that is read, bytes.
_LONGEST = 20_000


class WrittenRefused(ExpectedError):
    """What was written cannot be used; the message says where, without what."""


@dataclass(frozen=True, slots=True)
class NetworkFields:
    """The settings of an account.

    Attributes:
        account: those that everybody may know; the first has to be given.
        secret: the one that nobody may.
        secret_file: the one that names a file with it.
        watched: the one that says what is watched.
    """

    account: tuple[str, ...]
    secret: str
    secret_file: str
    watched: str

    @property
    def credentials(self) -> tuple[str, ...]:
        """All that signing in needs."""
        return (*self.account, self.secret, self.secret_file)


NETWORKS: Final[Mapping[PlatformName, NetworkFields]] = MappingProxyType(
    {
        PlatformName.LEMMY: NetworkFields(
            ("lemmy_instance", "lemmy_username"),
            "lemmy_password",
            "lemmy_password_file",
            "lemmy_communities",
        ),
        PlatformName.MASTODON: NetworkFields(
            ("mastodon_instance",), "mastodon_token", "mastodon_token_file", "mastodon_watch"
        ),
        PlatformName.BLUESKY: NetworkFields(
            ("bluesky_handle",), "bluesky_password", "bluesky_password_file", "bluesky_watch"
        ),
    }
)


def written_account(data_dir: Path, name: PlatformName) -> Path:
    """Where the page writes an account."""
    return data_dir / "credentials" / name.value


def written_watched(data_dir: Path, name: PlatformName) -> Path:
    """Where it writes what is watched there."""
    return data_dir / "credentials" / f"{name.value}-watched"


def checked(fields: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, object]:
    """Values as settings have them.

    Args:
        fields: the fields of the settings, by name.

    Raises:
        ValidationError: one cannot be that.
    """
    found: dict[str, object] = {}
    for name, value in values.items():
        field = fields[name]
        kind: Any = (
            Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        )
        found[name] = TypeAdapter(kind).validate_python(value)
    return found


def read_written(fields: Mapping[str, Any], path: Path) -> dict[str, object]:
    """What a file of the page says; empty where there is none.

    Raises:
        WrittenRefused: it cannot be read as what the page writes.
    """
    try:
        with path.open("rb") as file:
            given = json.loads(file.read(_LONGEST))
        return checked(fields, {str(name): value for name, value in dict(given).items()})
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, ValidationError):
        # Not what it says: a secret is in it.
        raise WrittenRefused(
            f"{path} cannot be used: delete it, and type it in once more on the page /admin/setup."
        ) from None


def as_written(values: Mapping[str, object]) -> str:
    """Settings as the text of a file."""
    plain = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in values.items()
    }
    return json.dumps(plain, indent=1, ensure_ascii=False)
