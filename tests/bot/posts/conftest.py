"""What tests of posts share."""

import pytest

from bot.app import App
from tests.fakes.downloads import Downloads


@pytest.fixture
def downloads(app: App) -> Downloads:
    """What the app downloads, in place of the network."""
    return Downloads(app)
