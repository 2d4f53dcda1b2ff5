"""What a person is called where they have no name that may be said."""

#: Digits of the hash: enough to tell people of one board apart.
_DIGITS = 6


def nickname(person: str) -> str:
    """A short name for a keyed hash, the same on every platform and page: "Person 3f9a12"."""
    return f"Person {person[:_DIGITS]}"
