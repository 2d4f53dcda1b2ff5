"""Downloads whose answers the test decides on."""

from bot.app import App


class Downloads:
    """What each address gives: bytes, or an exception."""

    def __init__(self, app: App) -> None:
        self.answers: dict[str, bytes | Exception] = {}
        self.fetched: list[str] = []
        app.pipeline._predictor._finder._downloader = self  # type: ignore[assignment]

    async def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        answer = self.answers[url]
        if isinstance(answer, Exception):
            raise answer
        return answer
