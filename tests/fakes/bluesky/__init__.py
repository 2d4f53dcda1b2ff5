"""Bluesky on this machine, in the shapes of its lexicons."""

from tests.fakes.bluesky.server import FakeBluesky, serving

__all__ = ["FakeBluesky", "serving"]
