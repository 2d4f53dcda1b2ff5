"""Commands have to work without the content of messages."""

import pytest


@pytest.fixture
def message_content() -> bool:
    return False
