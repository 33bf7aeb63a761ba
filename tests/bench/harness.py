"""What all benchmarks share: interleaved rounds, medians with their spread, facts about the machine."""

import atexit
import os
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
ROUNDS = 5
QUICK_ROUNDS = 2


def prepare_django(**environment: str) -> Path:
    """Set Django up on a throw-away home with migrated databases; returns the home.

    `environment` adds `LETHE_*` settings, such as LETHE_DATABASE_URL for a server.
    """
    home = tempfile.mkdtemp(prefix="lethe-bench-home-", dir=os.environ.get("LETHE_BENCH_DIR"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    (Path(home) / "db").mkdir()
    os.environ.update(DJANGO_SETTINGS_MODULE="tests.settings", LETHE_TESTING="1", LETHE_HOME=home)
    os.environ.update(environment)
    import django
    from django.core.management import call_command

    django.setup()
    for alias in ("default", "log"):
        call_command("migrate", database=alias, verbosity=0)
    return Path(home)


def rounds(quick: bool) -> int:
    """How often each contender runs: at least five times in earnest."""
    return QUICK_ROUNDS if quick else ROUNDS


def interleave(contenders: Mapping[str, Callable[[], T]], *, count: int) -> dict[str, list[T]]:
    """Run all contenders `count` times in turn, so that a change of the machine's mood meets each alike.

    Every other round runs in the opposite order, so that nobody always follows the same neighbour.
    """
    results: dict[str, list[T]] = {name: [] for name in contenders}
    for number in range(count):
        order = list(contenders) if number % 2 == 0 else list(reversed(list(contenders)))
        for name in order:
            results[name].append(contenders[name]())
    return results


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes, in seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: a value that was really seen. `percent` lies in (0, 100]."""
    if not values:
        raise ValueError("a percentile of nothing")
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(rank) - 1)]


def spread(values: Sequence[float]) -> float:
    """(largest - smallest) / median: how far the rounds lie apart."""
    return (max(values) - min(values)) / statistics.median(values)


@contextmanager
def work_folder(name: str) -> Iterator[Path]:
    """A new folder on the disk that is measured (LETHE_BENCH_DIR, else the system's temporary folder)."""
    folder = Path(tempfile.mkdtemp(prefix=f"lethe-bench-{name}-", dir=os.environ.get("LETHE_BENCH_DIR")))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def machine(folder: Path | None = None) -> dict[str, Any]:
    """What the figures depend on: processor, cores, file system, and what an fsync costs there."""
    place = folder or Path(os.environ.get("LETHE_BENCH_DIR") or tempfile.gettempdir())
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "filesystem": _filesystem(place),
        "fsync_ms": round(fsync_ms(place), 3),
        "load_1m": round(os.getloadavg()[0], 2),
    }


def fsync_ms(folder: Path, *, count: int = 50) -> float:
    """Median milliseconds of appending 4 KiB to a file and calling fdatasync."""
    times = []
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".lethe-fsync-") as file:
        for _ in range(count):
            started = time.perf_counter()
            os.write(file.fileno(), bytes(4096))
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _filesystem(folder: Path) -> str:
    path = str(folder.resolve())
    best, kind = "", "unknown"
    for line in Path("/proc/self/mounts").read_text().splitlines():
        mount, mounted = line.split()[1:3]
        inside = path == mount or path.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, mounted
    return kind
