"""A Mastodon server on this machine, in the shapes of its documented API."""

from tests.fakes.mastodon.server import FakeMastodon, serving

__all__ = ["FakeMastodon", "serving"]
