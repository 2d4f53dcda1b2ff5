"""What tests of labels share."""

from typing import Any

import pytest

from bot.app import App


@pytest.fixture
def one_picture(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every post shows the same picture; embedding it once is enough."""
    embed, embedded = app.core.serving.embed_undescribed, {}

    async def remembered(data: bytes, backbone: Any) -> Any:
        if data not in embedded:
            embedded[data] = await embed(data, backbone)
        return embedded[data]

    monkeypatch.setattr(app.core.serving, "embed_undescribed", remembered)
