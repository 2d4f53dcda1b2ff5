"""A process that reads pictures, and is ended by those which begin with a word that says how."""

import os
import signal
import sys
import threading
from pathlib import Path

from bot.serving.picture_frames import Asked, Places
from bot.serving.picture_process import Answer, Look, PictureReader, main

COMMAND = (sys.executable, "-m", __name__)

#: A real fault of a decoder: the process is gone in the middle of a picture.
CRASHES = b"SIGSEGV"
#: A decoder that never ends.
HANGS = b"HANGS"
#: Ends the process that meets it first, and is read by the next one.
ONCE = b"ONCE"
#: Takes all the memory that there is.
GREEDY = b"GREEDY"
#: Answers what is no answer.
LIES = b"LIES"


def made(places: Places) -> Look:
    look = PictureReader(places).look
    crashes_at_version = (places.genres_dir / CRASHES.decode()).exists()

    def hooked(asked: Asked) -> Answer:
        if asked.data.startswith(CRASHES) or (asked.work == "version" and crashes_at_version):
            os.kill(os.getpid(), signal.SIGSEGV)
        if asked.data.startswith(HANGS):
            threading.Event().wait()
        if asked.data.startswith(ONCE):
            _, name, data = asked.data.split(b"\n", 2)
            met = Path(name.decode())
            if not met.exists():
                met.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return look(Asked(asked.work, data, asked.backbone))
        if asked.data.startswith(GREEDY):
            return [bytearray(8 * 2**30)]
        if asked.data.startswith(LIES):
            return (b"\xff" * 64,)
        return look(asked)

    return hooked


if __name__ == "__main__":
    sys.exit(main(made))
