"""Preparing a backbone: from weights to what LiteRT serves, once, in a child process."""

import asyncio
import hashlib
import logging
from pathlib import Path

from bot.runtime.subprocesses import ROOT, child_environment, python_module
from models.backbone import BackboneUnusable, read_info
from models.backbone_files import STARTER
from models.extras import require_train

log = logging.getLogger(__name__)


async def prepare_backbone(source: str, root: Path) -> Path:
    """The folder of the backbone that ``source`` names, exported under ``root`` if need be.

    Args:
        source: ``starter``, ``imagenet``, or the path of a Keras weights file.

    Raises:
        BackboneUnusable: the weights are missing, damaged, or cannot be downloaded.
        TrainMissing: they have to be exported, and the extra `train` is not installed.
    """
    if source == "starter":
        read_info(STARTER)
        return STARTER
    if source == "imagenet":
        folder = root / "imagenet"
    else:
        folder = root / await asyncio.to_thread(_sha256, Path(source))
    if not folder.exists():
        log.info("Preparing the backbone %s; this is done once and takes about 20 seconds.", source)
        await _export(source, folder)
    return folder


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BackboneUnusable(
            f"There are no backbone weights at {path} ({error.strerror}). Set PEORIA_BACKBONE to"
            " starter, to imagenet, or to the path of a Keras weights file of MobileNetV2 without"
            " its top."
        ) from error


async def _export(source: str, folder: Path) -> None:
    require_train("Another backbone than the starter")
    process = await asyncio.create_subprocess_exec(
        *python_module("trainer.backbone.export"), "--weights", source, "--out", str(folder),
        cwd=ROOT,
        env=child_environment(),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        _, errors = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        lines = [line for line in errors.decode(errors="replace").splitlines() if line.strip()]
        raise BackboneUnusable(lines[-1] if lines else f"Exporting {source} failed.")
