"""Where backbones are: the starter that ships, and those exported on this machine."""

import contextlib
from pathlib import Path

from models.backbone import BackboneUnusable, read_info

STARTER = Path(__file__).parent / "starter"


def find_backbone(root: Path, fingerprint: str) -> Path:
    """The folder of the backbone with ``fingerprint``: the starter, or one under ``root``.

    Raises:
        BackboneUnusable: there is none.
    """
    exported = sorted(root.iterdir()) if root.is_dir() else []
    for folder in [STARTER, *exported]:
        # A damaged folder must not hide the one that is looked for.
        with contextlib.suppress(BackboneUnusable):
            if read_info(folder).fingerprint == fingerprint:
                return folder
    raise BackboneUnusable(
        f"The backbone {fingerprint[:12]} that the champion was fitted on is not here. Set"
        " PEORIA_BACKBONE to the weights it came from and start again, or put its folder back"
        f" under {root}."
    )
