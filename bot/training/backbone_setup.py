"""Preparing a backbone: from weights to what LiteRT serves, once, in a child process."""

import asyncio
import contextlib
import hashlib
import json
import logging
import shutil
from pathlib import Path

from bot.runtime.subprocesses import ROOT, child_environment, python_module
from models.backbone import BackboneUnusable, read_info
from models.backbone_files import STARTER
from models.encoder_check import check_encoder
from models.encoder_description import DESCRIPTION, TAGS, TEXT_MERGES, TEXT_MODEL
from models.extras import require_train
from storage.files.atomic import write_folder

log = logging.getLogger(__name__)


async def prepare_backbone(source: str, root: Path) -> Path:
    """The folder of the backbone that ``source`` names, exported under ``root`` if need be.

    Args:
        source: ``starter``, ``imagenet``, the path of a Keras weights file, or a folder with
            encoder.toml.

    Raises:
        BackboneUnusable: the weights are missing, damaged, or cannot be downloaded.
        TrainMissing: they have to be exported, and the extra `train` is not installed.
    """
    if source == "starter":
        read_info(STARTER)
        return STARTER
    if await asyncio.to_thread(Path(source).is_dir):
        return await asyncio.to_thread(install_encoder, Path(source), root)
    if source == "imagenet":
        folder = root / "imagenet"
    else:
        folder = root / await asyncio.to_thread(_sha256, Path(source))
    if not folder.exists():
        log.info("Preparing the backbone %s; this is done once and takes about 20 seconds.", source)
        await _export(source, folder)
    return folder


def install_encoder(source: Path, root: Path) -> Path:
    """Check an image encoder and copy it under ``root`` by its fingerprint; return its folder.

    Raises:
        BackboneUnusable: it cannot be used, and nothing was written.
        OSError: the disk is full or cannot be written; nothing is left behind.
    """
    found = check_encoder(source)
    folder = root / found.fingerprint
    if folder.is_dir():
        return folder
    facts = {
        "name": found.description.name,
        "fingerprint": found.fingerprint,
        "input_size": found.description.input_size,
        "dim": found.dim,
        "milliseconds": round(found.milliseconds, 2),
        "tflite_sha256": found.sha256,
    }

    def fill(copy: Path) -> None:
        suffix = Path(found.description.model).suffix.lower()
        (copy / f"backbone{suffix}").write_bytes(found.content)
        (copy / "backbone.json").write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
        shutil.copyfile(source / DESCRIPTION, copy / DESCRIPTION)
        if found.text is not None:
            (copy / TEXT_MODEL).write_bytes(found.text.content)
            (copy / TEXT_MERGES).write_bytes(found.text.merges)
            found.text.tags.save(copy / TAGS)

    # Another process may be making it too.
    with contextlib.suppress(FileExistsError):
        write_folder(folder, fill)
    log.info(
        "Encoder %s: %d numbers a picture, %.1f ms on one core.",
        found.description.name, found.dim, found.milliseconds,
    )  # fmt: skip
    return folder


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BackboneUnusable(
            f"There are no backbone weights at {path} ({error.strerror}). Set PEORIA_BACKBONE to"
            " starter, to imagenet, to the path of a Keras weights file of MobileNetV2 without its"
            " top, or to a folder with encoder.toml."
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
