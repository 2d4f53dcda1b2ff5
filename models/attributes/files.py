"""Where the networks behind attributes are."""

from pathlib import Path

ATTRIBUTES = Path(__file__).parent / "shipped"
