"""What a child process does to end."""

import signal
import subprocess
import sys

import pytest

from models.apart.environment import untold

#: Holds the interpreter for longer than anybody lives.
STUCK = """
import re
from models.apart.child import ended_after
assert ended_after(60, lambda word: word)("said") == "said"
ended_after(1, re.match)("(a+)+b", "a" * 64)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no alarm")
def test_one_that_holds_the_interpreter_ends_by_itself() -> None:
    found = subprocess.run(  # noqa: S603 - this Python
        [sys.executable, "-c", STUCK], env=untold(), check=False
    )
    assert found.returncode == -signal.SIGALRM
