"""Run a folder of files that break image code through the decoder and count what comes out.

    python -m benchmarks.bad_input INDEX.csv [--no-isolation]

INDEX.csv has the columns path (relative to its folder), label and expect. Every file is decoded
once in a process of its own, as `main.py predict` would, and once in a process shared by all.
Bars: decoded or refused with a sentence, under 2 s, under 400 MB of resident memory less what
the rest of the serving process holds. Exit status 1 where a bar or an expectation is broken.
"""

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

MAX_SECONDS = 2.0
MAX_MEGABYTES = 400 - 120  # LiteRT, its model and SQLAlchemy take about 120 MB beside this
SIGNATURE = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....WEBP|BM|II\*\0|MM\0\*|....ftyp(?:avif|heic)",
    re.DOTALL,
)

# Reads paths from stdin, one a line; answers each with a line of JSON.
WORKER = """
import json, sys, time
from pathlib import Path
from models.decoding import ImageRefused, decode
from models.preprocessing import perceptual_hash, to_input

for line in sys.stdin:
    started = time.perf_counter()
    try:
        decoded = decode(Path(line.rstrip("\\n")).read_bytes())
        to_input(decoded.pixels, 224)
        perceptual_hash(decoded.pixels)
        outcome, sentence = "decoded", ""
    except ImageRefused as refused:
        outcome, sentence = refused.reason, str(refused)
    seconds = time.perf_counter() - started
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps([outcome, sentence, seconds, peak]), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Case:
    path: Path
    label: str
    expect: str


@dataclass(frozen=True, slots=True)
class Result:
    case: Case
    outcome: str  # "decoded", a reason of ImageRefused, or "crashed"
    sentence: str
    seconds: float  # in its own process: with the start of Python
    megabytes: float  # peak of the process

    @property
    def name(self) -> str:
        return "/".join(self.case.path.parts[-2:])


def read_index(index: Path) -> list[Case]:
    with index.open(newline="", encoding="utf-8") as rows:
        return [
            Case(index.parent / row["path"], row["label"], row["expect"])
            for row in csv.DictReader(rows)
        ]


def start_worker() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip


def alone(case: Case) -> Result:
    started = time.perf_counter()
    with start_worker() as worker:
        output, _ = worker.communicate(f"{case.path}\n")
    seconds = time.perf_counter() - started
    if worker.returncode or not output:
        return Result(case, "crashed", f"exit status {worker.returncode}", seconds, 0.0)
    outcome, sentence, _, megabytes = json.loads(output)
    return Result(case, outcome, sentence, seconds, megabytes)


def together(cases: list[Case]) -> list[Result]:
    results: list[Result] = []
    with start_worker() as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        for case in cases:
            worker.stdin.write(f"{case.path}\n")
            worker.stdin.flush()
            line = worker.stdout.readline()
            if not line:
                results.append(Result(case, "crashed", "the shared process died", 0.0, 0.0))
                break
            results.append(Result(case, *json.loads(line)))
        worker.stdin.close()
    return results


def breaks_expectation(result: Result) -> bool:
    """Whether an outcome is other than the index allows.

    The index asks for formats outside the allow-list to decode where Pillow can; those are
    refused on purpose, and only by content. Of the formats that it wants refused, some are read
    by now.
    """
    decoded = result.outcome == "decoded"
    expect = result.case.expect
    if decoded:
        return expect in {"reject", "reject_fast"}
    if result.outcome == "unsupported_format":
        return SIGNATURE.match(result.case.path.read_bytes()) is not None
    return expect.startswith(("decode_ok", "first_frame")) and "_or_reject" not in expect


def print_table(results: list[Result]) -> None:
    outcomes = sorted({result.outcome for result in results}, key=lambda o: (o != "decoded", o))
    counts = Counter((result.case.label, result.outcome) for result in results)
    labels = sorted({result.case.label for result in results})
    widths = [max(len(outcome), 4) for outcome in outcomes]
    heads = "  ".join(o.rjust(w) for o, w in zip(outcomes, widths, strict=True))
    print(f"{'label':22}  {heads}")
    for label in labels:
        cells = (str(counts[label, outcome] or "·") for outcome in outcomes)
        print(f"{label:22}  {'  '.join(map(str.rjust, cells, widths))}")
    totals = (str(sum(r.outcome == outcome for r in results)) for outcome in outcomes)
    print(f"{'all':22}  {'  '.join(map(str.rjust, totals, widths))}")


def print_worst(title: str, results: list[Result]) -> None:
    print(f"\n{title}")
    for result in sorted(results, key=lambda r: r.seconds)[:-6:-1]:
        print(f"  slowest  {result.seconds:6.3f} s   {result.outcome:18}  {result.name}")
    for result in sorted(results, key=lambda r: r.megabytes)[:-6:-1]:
        print(f"  largest  {result.megabytes:5.0f} MB   {result.outcome:18}  {result.name}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("index", type=Path)
    parser.add_argument("--no-isolation", action="store_true", help="only the shared process")
    arguments = parser.parse_args()
    cases = read_index(arguments.index.resolve())
    runs = {"All in one process (peaks accumulate)": together(cases)}
    if not arguments.no_isolation:
        runs["Each in its own process (with the start of Python)"] = [
            # What is slow twice is slow; what is slow once may have had busy neighbours.
            result if result.seconds <= MAX_SECONDS else alone(result.case)
            for result in map(alone, cases)
        ]
    first, *_ = runs.values()
    print("load average {:.1f} {:.1f} {:.1f}\n".format(*os.getloadavg()))
    print_table(first)
    for title, results in runs.items():
        print_worst(title, results)
    everything = [result for results in runs.values() for result in results]
    faults = {
        "crashed": [r for r in everything if r.outcome == "crashed"],
        "refused without a sentence": [
            r for r in everything if r.outcome != "decoded" and not r.sentence.endswith(".")
        ],
        f"over {MAX_SECONDS:g} s": [r for r in everything if r.seconds > MAX_SECONDS],
        f"over {MAX_MEGABYTES} MB": [r for r in everything if r.megabytes > MAX_MEGABYTES],
        "against the index": [r for r in first if breaks_expectation(r)],
    }
    print()
    for fault, results in faults.items():
        print(f"{fault}: {len(results)}")
        for result in results:
            print(f"  {result.name}: {result.outcome}, index says {result.case.expect}")
    outside = [r for r in first if r.outcome == "unsupported_format"]
    wished = [r for r in outside if not r.case.expect.startswith("reject")]
    print(f"outside the allow-list: {len(outside)}, of which the index would decode {len(wished)}:")
    print("  " + ", ".join(sorted(result.name for result in wished)))
    return 1 if any(faults.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
