"""Which images a distillation leaves alone: they ended the processes that looked at them."""

import json
from collections.abc import Callable
from pathlib import Path

from storage.files.atomic import replacing
from trainer.backbone.looking import DEATHS

#: Its name in the work folder.
FILE = "left-out.json"


class LeftOut:
    """Paths of images that are not looked at, noted in the work folder from one run to the next.

    Args:
        work: the folder.
        note: told of each that is added, in a sentence.
    """

    def __init__(self, work: Path, note: Callable[[str], None]) -> None:
        self._file, self._note = work / FILE, note
        self.paths: list[Path] = []
        if self._file.is_file():
            self.paths += map(Path, json.loads(self._file.read_text("utf-8")))

    def add(self, path: Path) -> None:
        """Leave an image out from now on; nothing where that is noted: another node met it, too."""
        if path in self.paths:
            return
        self.paths.append(path)
        with replacing(self._file) as file:
            file.write_text(json.dumps([str(each) for each in self.paths], indent=1), "utf-8")
        self._note(f"{DEATHS} processes ended over {path.name}, which is left out")

    def words(self) -> str:
        """A sentence for the end of a run; empty where nothing was left out."""
        if not self.paths:
            return ""
        count = len(self.paths)
        images = (
            "1 image was left out: it" if count == 1 else f"{count:,} images were left out: each"
        )
        return f" {images} ended {DEATHS} processes ({self._file})."
