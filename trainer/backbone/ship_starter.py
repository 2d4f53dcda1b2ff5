"""Turn a trained version into the champion that ships with the starter backbone.

    python -m trainer.backbone.ship_starter data/models/VERSION

writes ``models/starter/champion``: the head, what it is judged against, and the manifest.
"""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from models.backbone import read_info
from models.backbone_files import STARTER
from models.experts import TAUGHT, TAUGHT_CHAMPION
from models.head import FILE as HEAD_FILE
from models.registry import read_version, save_manifest
from storage.files.atomic import write_folder
from trainer.data.fitted_on import FILE as FITTED_ON_FILE
from trainer.data.reference import FILE as REFERENCE_FILE

NAME = "starter"


def ship(version: Path, target: Path) -> None:
    """Write ``target`` from the version's folder.

    Raises:
        ValueError: the version was fitted on another backbone than the starter.
        VersionUnusable: its files are missing or damaged.
    """
    manifest = read_version(version)
    if manifest.backbone != read_info(STARTER).fingerprint:
        raise ValueError(f"{manifest.name} was not fitted on the starter backbone")
    # Communities have other numbers elsewhere.
    metrics = {
        name: value
        for name, value in manifest.metrics.items()
        if name not in (TAUGHT, TAUGHT_CHAMPION)
    }
    shutil.rmtree(target, ignore_errors=True)

    def fill(folder: Path) -> None:
        for name in (HEAD_FILE, REFERENCE_FILE, FITTED_ON_FILE):
            shutil.copy(version / name, folder / name)
        save_manifest(folder, replace(manifest, name=NAME, metrics=metrics))

    write_folder(target, fill)
    shipped = {"shipped": str(target), "from": manifest.name, "labels": manifest.labels}
    sys.stdout.write(json.dumps(shipped) + "\n")


if __name__ == "__main__":
    ship(Path(sys.argv[1]), STARTER / "champion")
