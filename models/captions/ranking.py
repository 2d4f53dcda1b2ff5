"""What captions that are offered for one picture are ordered by."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self


@dataclass(frozen=True, slots=True)
class Offered:
    """What is known of a caption when it is offered.

    Attributes:
        text: its words, parts joined by " / ".
        source: who wrote it.
        beats: share of posts that the captioned picture should beat, 0 to 1.
        merit: what the caption model says of it, as a probability less a half, −0.5 to 0.5; 0
            where it was not asked.
        fits: how probably it has the emotion of the face, 0 to 1; 0 where there is none.
    """

    text: str
    source: str
    beats: float
    merit: float
    fits: float

    def as_json(self) -> dict[str, Any]:
        """As it is stored, rounded to four digits."""
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


@dataclass(frozen=True, slots=True)
class Ranking:
    """What counts beside the forecast, in percentiles.

    Attributes:
        merit: what the caption model's judgement counts.
        fits: what it counts that a caption has the emotion of the face.
    """

    merit: float = 0.1
    fits: float = 0.05

    def rank(self, offered: Offered) -> float:
        """What captions are ordered by, the highest first."""
        return offered.beats + self.merit * offered.merit + self.fits * offered.fits

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is no such file.
        """
        content = json.loads(path.read_text("utf-8"))
        try:
            return cls(float(content["merit"]), float(content["fits"]))
        except (TypeError, LookupError) as error:
            raise ValueError(f"{path} is no ranking of captions.") from error

    def save(self, path: Path) -> None:
        """Write it."""
        path.write_text(json.dumps(asdict(self), indent=1), "utf-8")


#: As captions are ordered until anything else was learned.
SHIPPED_RANKING: Final = Ranking()
