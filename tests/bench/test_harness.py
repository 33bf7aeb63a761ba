"""The benchmarks' own arithmetic, and the contract of their last line."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import __main__ as command
from tests.bench import harness

ROOT = Path(__file__).resolve().parent.parent.parent


def test_contenders_take_turns_and_change_sides() -> None:
    order: list[str] = []
    results = harness.interleave(
        {"ours": lambda: order.append("o"), "floor": lambda: order.append("f")}, count=3
    )
    assert "".join(order) == "offoof"
    assert {name: len(times) for name, times in results.items()} == {"ours": 3, "floor": 3}


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (95, 95), (99, 99), (100, 100), (0.1, 1)])
def test_a_percentile_is_a_value_that_was_seen(percent: float, value: int) -> None:
    assert harness.percentile(list(range(100, 0, -1)), percent) == value


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        harness.percentile([], 95)


def test_spread_is_relative_to_the_median() -> None:
    assert harness.spread([9.0, 10.0, 12.0]) == pytest.approx(0.3)


def test_machine_facts_name_what_figures_depend_on(tmp_path: Path) -> None:
    facts = harness.machine(tmp_path)
    assert facts["cores"] >= 1
    assert facts["fsync_ms"] > 0
    assert facts["filesystem"] != "unknown"
    assert facts["cpu"]


def test_the_page_shows_nested_figures_and_failures() -> None:
    machine = {
        "cpu": "A",
        "cores": 2,
        "filesystem": "ext4",
        "fsync_ms": 1.5,
        "load_1m": 0.5,
        "python": "3.11",
    }
    figures = {
        "rounds": 5,
        "load": {"segments": 200},
        "ratio": 0.812345,
        "databases": [{"database": "sqlite"}],
    }
    page = command.as_markdown(
        {"ingest": {"name": "ingest", **figures, "machine": machine}, "purge": None}, today="2026-01-01"
    )
    assert "| ratio | 0.812 |" in page
    assert "| databases 1 database | sqlite |" in page
    assert "5 rounds; load: segments 200." in page
    assert "It failed on this machine." in page


def test_an_unknown_benchmark_is_named_in_the_error() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "nothing"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "nothing" in done.stderr


def test_a_benchmark_that_hides_its_load_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Module:
        @staticmethod
        def run(quick: bool) -> dict[str, object]:
            return {"rounds": 5}

    monkeypatch.setattr(importlib, "import_module", lambda name: Module)
    with pytest.raises(SystemExit, match="load"):
        command.run_one("anything", quick=True)
    Module.run = staticmethod(lambda quick: {"rounds": 5, "load": "x", "ratio": 1.0})  # type: ignore[method-assign]
    result = command.run_one("anything", quick=True)
    assert {"name", "rounds", "machine", "load", "ratio"} <= json.loads(json.dumps(result)).keys()
