"""A training process that does as it is told: ``python -m tests.fakes.trainer MODE [FOLDER]``.

It reads the same task and speaks the same lines as `trainer.refit.process`, without training
anything.
"""

import errno
import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NAME = "v-new"


def say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def write_result(task: dict[str, Any], *, promote: bool) -> dict[str, Any]:
    """Write a version that knows nothing; the line that says so."""
    from models.features import FEATURES_VERSION
    from models.head import Head
    from models.registry import Manifest, write_version

    now = datetime.now(UTC)
    manifest = Manifest(
        name=NAME, created_at=now, backbone=task["backbone"], features_version=FEATURES_VERSION,
        trained_until=now, labels=77,
        metrics={"rps": 0.1} | json.loads(os.environ.get("TAUGHT", "{}")),
    )  # fmt: skip
    folder = write_version(Path(task["models_root"]), manifest, Head.uniform().save)
    reason = "Better." if promote else "Not better."
    return {
        "version": NAME, "folder": str(folder), "promote": promote, "reason": reason,
        "evidence": {"p": 0.97},
    }  # fmt: skip


def main() -> int:  # noqa: C901 - one case a mode
    mode = sys.argv[1]
    if mode == "ends at once":
        return 7
    task = json.loads(sys.stdin.readline())
    match mode:
        case "promotes" | "keeps":
            say(stage="reading")
            say(stage="fitting", done=1, total=2, epoch=1, loss=2.3)
            say(result=write_result(task, promote=mode == "promotes"))
        case "chatters":
            sys.stdout.buffer.write(b"\xff\xfe\0\x01 loading {\n[1, 2\n[]\nnull\n7\n")
            say(stage="fitting")
            say(result=write_result(task, promote=True))
            sys.stdout.write("Goodbye.\n")
        case "refuses":
            say(refused="Only 3 labels; at least 60 are needed.")
            return 3
        case "fails":
            say(stage="reading")
            raise RuntimeError("the network is not a network")
        case "hangs":
            Path(sys.argv[2], "pid").write_text(str(os.getpid()))
            say(stage="fitting")
            time.sleep(600)
        case "eats":
            eaten = bytearray(400 * 2**20)
            eaten[:: 2**12] = bytes(len(eaten[:: 2**12]))
            say(stage="fitting")
            time.sleep(600)
        case "floods":
            sys.stdout.write("x" * 20_000_000)
        case "dies":
            say(stage="fitting")
            os.kill(os.getpid(), signal.SIGKILL)
        case "crashes":
            say(stage="fitting")
            os.kill(os.getpid(), signal.SIGABRT)
        case "fills the disk":
            say(stage="writing")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "head.npz")
        case "runs out of memory":
            raise MemoryError("Unable to allocate 9.31 GiB")
        case "waits":
            say(stage="fitting", done=1, total=2, epoch=1, loss=2.3)
            while not Path(sys.argv[2], "go").exists():
                time.sleep(0.01)
            say(result=write_result(task, promote=True))
        case "says nothing":
            pass
        case "lies":
            say(result={**write_result(task, promote=True), "version": "v-other"})
        case "mumbles":
            say(result=7)
        case "forgets":
            say(result={"version": NAME})
        case "tells":
            Path(sys.argv[2], "task").write_text(json.dumps([task, dict(os.environ)]))
            say(refused="Told.")
            return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
