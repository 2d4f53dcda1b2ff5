"""People of the board who chose that others may see their page, and who else may see it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.tables import Author
from storage.types import PlatformName

#: Digits of the hash in an address.
DIGITS = 12


def find_shown_person(session: Session, name: str, *, asked_by: int | None) -> Author | None:
    """The person that an address names, if they show their page to whoever asks.

    Args:
        session: a read session.
        name: the first `DIGITS` digits of their hash, hexadecimal.
        asked_by: the author id of who asks, whose own page is shown to them; None: they have none.
    """
    # "g" comes after all digits of a hash.
    query = select(Author).where(
        Author.platform == PlatformName.WEB, Author.hash >= name, Author.hash < name + "g"
    )
    found = session.scalars(query.order_by(Author.hash).limit(1)).first()
    if found is None or (found.shown_at is None and found.id != asked_by):
        return None
    return found
