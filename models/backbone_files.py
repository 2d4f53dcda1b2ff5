"""Where backbones are: the starter that ships, and those exported on this machine."""

import contextlib
import shutil
from pathlib import Path

from models.backbone import Backbone, BackboneUnusable, read_info
from storage.files.atomic import write_folder

STARTER = Path(__file__).parent / "starter"


def find_backbone(root: Path, fingerprint: str) -> Path:
    """The folder of the backbone with ``fingerprint``: the starter, or one under ``root``.

    Raises:
        BackboneUnusable: there is none.
    """
    return _find(root, fingerprint)[0]


def load_backbone(root: Path, fingerprint: str) -> Backbone:
    """The same backbone, ready to embed with: its files are read and checked once.

    Raises:
        BackboneUnusable: there is none.
    """
    return _find(root, fingerprint)[1]


def _find(root: Path, fingerprint: str) -> tuple[Path, Backbone]:
    exported = sorted(root.iterdir()) if root.is_dir() else []
    for folder in [STARTER, *exported]:
        # A damaged folder must not hide the one that is looked for.
        with contextlib.suppress(BackboneUnusable):
            if read_info(folder).fingerprint == fingerprint:
                return folder, Backbone.load(folder)
    raise BackboneUnusable(
        f"The backbone {fingerprint[:12]} that the champion was fitted on is not here. Set"
        " PEORIA_BACKBONE to the weights it came from and start again, or put its folder back"
        f" under {root}."
    )


def keep_backbone(root: Path, folder: Path) -> None:
    """Copy a backbone under ``root`` by its fingerprint, unless it lies there.

    What ships is replaced by the next release; what versions were fitted on has to stay.

    Raises:
        OSError: the disk is full or cannot be written; nothing is left behind.
    """
    if folder.parent == root:
        return
    target = root / read_info(folder).fingerprint
    with contextlib.suppress(BackboneUnusable):
        Backbone.load(target)
        return
    if target.is_dir():
        shutil.rmtree(target)

    def fill(copy: Path) -> None:
        for path in sorted((*folder.glob("backbone.*"), *folder.glob("encoder.*"))):
            shutil.copy(path, copy)

    # Another process that starts may be making it too.
    with contextlib.suppress(FileExistsError):
        write_folder(target, fill)
