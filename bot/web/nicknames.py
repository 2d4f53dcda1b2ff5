"""What people are called on the board, where nobody has a name."""


def nickname(person: str) -> str:
    """A short name for a keyed hash, the same everywhere on this board: "Visitor 3f9a12"."""
    return f"Visitor {person[:6]}"
