"""Pictures are decoded where one that ends its process can be refused, and nowhere else."""

import re
from pathlib import Path

import bot

#: Processes of their own, and threads in place of them where a setting wants these.
READERS = {"cluster/worker.py", "serving/champion.py", "serving/embed.py",
           "serving/picture_process.py"}  # fmt: skip
READS = re.compile(r"\bImage\.open\(|^from models\.decoding import .*\bdecode\b", re.MULTILINE)


def test_nothing_else_of_the_bot_decodes_pictures() -> None:
    folder = Path(bot.__file__).parent
    found = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if READS.search(path.read_text("utf-8"))
    }
    assert found == READERS
