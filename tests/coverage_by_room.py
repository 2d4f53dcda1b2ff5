"""How much of each room the tests reach, from the data that pytest-cov left.

python -m tests.coverage_by_room
"""

from collections import defaultdict
from pathlib import Path

import coverage

ROOT = Path(__file__).resolve().parents[1]


def room(path: Path) -> str:
    """The folder that a module is counted with; files of bot/ are counted together."""
    parts = path.relative_to(ROOT).parts
    return "/".join(parts[:2] if len(parts) > 2 else parts[:1])


def main() -> None:
    """Print statements, those that were missed, and the share that was reached, by room."""
    data = coverage.Coverage(data_file=str(ROOT / ".coverage"))
    data.load()
    statements: defaultdict[str, int] = defaultdict(int)
    missed: defaultdict[str, int] = defaultdict(int)
    for name in data.get_data().measured_files():
        path = Path(name)
        if path.suffix != ".py" or not path.is_file() or not path.is_relative_to(ROOT):
            continue
        _, lines, _, missing, _ = data.analysis2(name)
        for each in (room(path), "all"):
            statements[each] += len(lines)
            missed[each] += len(missing)
    print(f"{'room':24}{'statements':>12}{'missed':>8}{'reached':>9}")
    for each in sorted(filter(statements.get, statements), key=lambda name: (name == "all", name)):
        reached = 1 - missed[each] / max(statements[each], 1)
        print(f"{each:24}{statements[each]:12}{missed[each]:8}{reached:9.1%}")


if __name__ == "__main__":
    main()
