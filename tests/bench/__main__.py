"""`python -m tests.bench NAME --json [--quick]`; `--all --write FILE` runs every benchmark there is.

A benchmark is a module tests/bench/NAME.py with `run(quick: bool) -> dict`. It prints what a person
wants to read and returns its figures, with `rounds` and `load` (what was done, in words or numbers)
among them; `name` and `machine` are added here. With `--json` the last line is one JSON object.
"""

import argparse
import importlib
import json
import pkgutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tests.bench
from tests.bench.harness import machine

ROOT = Path(__file__).resolve().parent.parent.parent
_NOT_BENCHMARKS = {"__main__", "harness"}


def names() -> list[str]:
    """All benchmarks, in alphabetical order."""
    return sorted(
        module.name
        for module in pkgutil.iter_modules(tests.bench.__path__)
        if module.name not in _NOT_BENCHMARKS and not module.name.startswith(("_", "test_"))
    )


def run_one(name: str, *, quick: bool) -> dict[str, Any]:
    """Run one benchmark in this process; its figures, complete."""
    facts = machine()
    figures = importlib.import_module(f"tests.bench.{name}").run(quick)
    missing = {"rounds", "load"} - figures.keys()
    if missing:
        raise SystemExit(f"benchmark {name} does not say: {', '.join(sorted(missing))}")
    return {"name": name, "quick": quick, **figures, "machine": facts}


def run_all(*, quick: bool) -> dict[str, dict[str, Any] | None]:
    """Run every benchmark, each in a process of its own; None where one failed."""
    results: dict[str, dict[str, Any] | None] = {}
    for name in names():
        print(f"\n######## {name}", flush=True)
        command = [sys.executable, "-m", "tests.bench", name, "--json", *(["--quick"] if quick else [])]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        print(done.stdout, end="", flush=True)
        lines = done.stdout.strip().splitlines()
        results[name] = json.loads(lines[-1]) if done.returncode == 0 and lines else None
    return results


def as_markdown(results: Mapping[str, dict[str, Any] | None], *, today: str) -> str:
    """The published page: one table a benchmark, and the machine it was measured on."""
    lines = [
        "# Performance",
        "",
        f"Measured on {today} by the benchmarks of `make bench`. Floors and peers ran in the same process",
        "tree as Lethe, in turn with it; medians of the rounds. What else the machine did shows in its load",
        "just before. Run it on your own machine: its disk's fsync decides most.",
    ]
    for name, result in results.items():
        lines += ["", f"## {name}", ""]
        if result is None:
            lines.append("It failed on this machine.")
            continue
        where = result["machine"]
        lines += [
            f"{result['rounds']} rounds; load: {_plain(result['load'])}. {where['cpu']}, {where['cores']}"
            f" cores, {where['filesystem']}, fsync {where['fsync_ms']} ms, Python {where['python']},"
            f" load {where['load_1m']}.",
            "",
            "| figure | value |",
            "|---|---:|",
        ]
        figures = {key: value for key, value in result.items() if key not in _ELSEWHERE}
        lines += [f"| {key} | {_plain(value)} |" for key, value in _flat(figures)]
    return "\n".join(lines) + "\n"


_ELSEWHERE = {"name", "quick", "rounds", "load", "machine"}


def _flat(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Nested figures as rows: {"a": {"b": 1}} -> [("a b", 1)]."""
    if isinstance(value, dict):
        return [row for key, each in value.items() for row in _flat(each, f"{path} {key}".strip())]
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        return [row for number, each in enumerate(value, 1) for row in _flat(each, f"{path} {number}")]
    return [(path, value)]


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(each)}" for key, each in value.items())
    return ", ".join(map(_plain, value)) if isinstance(value, list) else str(value)


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=names(), help="which benchmark")
    parser.add_argument("--all", action="store_true", help="run all of them")
    parser.add_argument("--quick", action="store_true", help="a smaller load, as a smoke run")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    parser.add_argument("--write", type=Path, metavar="FILE", help="with --all: write a Markdown page")
    options = parser.parse_args()
    if options.all:
        results = run_all(quick=options.quick)
        if options.write:
            today = datetime.now(UTC).date().isoformat()
            options.write.write_text(as_markdown(results, today=today))
            print(f"\nwrote {options.write}")
        return 0 if all(results.values()) else 1
    if not options.name:
        parser.error(f"name a benchmark ({', '.join(names()) or 'there is none yet'}), or --all")
    result = run_one(options.name, quick=options.quick)
    if options.json:
        print(json.dumps(result, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
