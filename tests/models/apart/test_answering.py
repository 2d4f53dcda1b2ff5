"""A process of which nothing is believed holds nobody up for ever."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from models.apart.answering import AnsweringProcess, Ended, Read

#: Answers the first question when the second has begun to arrive, and reads no more of that.
TURNS_DEAF = """
import sys, threading
sys.stdin.buffer.raw.read(1)
sys.stdin.buffer.raw.read(1)
sys.stdout.buffer.write(b"x")
sys.stdout.buffer.flush()
threading.Event().wait()
"""


def test_one_that_reads_no_further_question_is_ended() -> None:
    process = AnsweringProcess([sys.executable, "-c", TURNS_DEAF])
    is_read = threading.Event()

    def read_first(read: Read) -> bytes:
        is_read.set()
        return read(1)

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(process.ask, [b"1"], read_first, seconds=60)
        is_read.wait()
        # Longer than what fits into a pipe.
        with pytest.raises(Ended):
            process.ask([b"2" * 2**20], lambda read: read(1), seconds=1)
        assert first.result() == b"x"
    assert process.is_late
    process.end()
