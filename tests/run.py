"""`make test`: `both_databases` on PostgreSQL; on SQLite what is quick, with keys and kills; then the rest.

Two tests run at a time, but for those that measure: they have the machine to themselves. The last line is
pytest's closing line with the outcomes of all passes added up. Further arguments go to each pass.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What runs side by side: all that is quick, and what does so on PostgreSQL too.
TOGETHER = "(not slow or both_databases) and not browser and not servers and not root"
# The slow ones, and those about words and pages, have their turn on PostgreSQL with `make faults`.
ON_POSTGRES = "both_databases and not postgres_later and (not slow or faults)"
# Keys, disks and kills (tests/conftest.py says which): beside what is quick, since they wait for the disk.
HEAVY = f"heavy and not browser and not ({TOGETHER})"
REST = f"not ({TOGETHER}) and (browser or not heavy)"
# Have targets of their own: `make forensic` mounts disks and reads every byte of them, and hosts that race
# for one ring (`make faults`) need a machine on which nothing else runs.
FORENSIC = "tests/forensic"
HOSTS = ("tests/vault/roots/test_shared.py", "tests/vault/roots/test_live.py")
SIDE_BY_SIDE = ["-n", "2", "--dist", "worksteal"]
# Tests of one demonstration stay together.
IN_GROUPS = ["-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder"]
CLOSING = re.compile(r"(?:^|, |=+ )(\d+) (passed|failed|errors?|skipped|xfailed|xpassed|warnings?)\b")
SECONDS = re.compile(r" in (\d+(?:\.\d+)?)s")


def main() -> int:
    """Run the passes; non-zero when one failed."""
    # Each pass loads the same modules in three processes; without their compiled form that is seconds each.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="lethe-templates-") as templates:
        os.environ["LETHE_TEST_TEMPLATES"] = templates
        return _all(sys.argv[1:])


def _all(more: list[str]) -> int:
    """Run them with these further arguments."""
    without_hosts = [*(f"--ignore={path}" for path in HOSTS), *more]
    apart = [f"--ignore={FORENSIC}", *without_hosts]
    sqlite = {"LETHE_TEST_DATABASE": "sqlite"}
    passes = [
        _pass("PostgreSQL", {"LETHE_TEST_DATABASE": "postgres"}, [*SIDE_BY_SIDE, "-m", ON_POSTGRES, *more]),
        _pass(
            "SQLite",
            sqlite,
            [*SIDE_BY_SIDE, "--durations=15", "-m", f"({TOGETHER}) or ({HEAVY})", *without_hosts],
        ),
        _pass(
            "Servers, browser",
            sqlite,
            [*IN_GROUPS, "--durations=15", "-m", f"{REST} and not measures", *apart],
        ),
        _pass("Measures", sqlite, ["--durations=15", "-m", f"{REST} and measures", *apart]),
    ]
    print(_sum([closing for _, closing in passes]))
    return max(code for code, _ in passes)


def _pass(name: str, environment: dict[str, str], arguments: list[str]) -> tuple[int, str]:
    """Run pytest once, passing its output through; (exit code, closing line)."""
    print(f"\n######## {name}", flush=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    closing = ""
    for line in process.stdout:
        print(line, end="", flush=True)
        if SECONDS.search(line) and CLOSING.search(line):
            closing = line.strip()
    return process.wait(), closing


def _sum(lines: list[str]) -> str:
    """Add up closing lines such as `1 failed, 20 passed in 3.21s`."""
    counts: dict[str, int] = {}
    for line in lines:
        for number, outcome in CLOSING.findall(line):
            outcome = {"error": "errors", "warning": "warnings"}.get(outcome, outcome)
            counts[outcome] = counts.get(outcome, 0) + int(number)
    order = ["failed", "errors", "passed", "skipped", "xfailed", "xpassed", "warnings"]
    seconds = sum(float(found.group(1)) for line in lines if (found := SECONDS.search(line)))
    outcomes = ", ".join(f"{counts[name]} {name}" for name in order if counts.get(name)) or "no tests ran"
    return f"{outcomes} in {seconds:.2f}s"


if __name__ == "__main__":
    sys.exit(main())
