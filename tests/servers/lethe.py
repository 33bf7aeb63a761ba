"""Lethe itself as a child process: `manage.py serve` on a fresh home, as an operator would start it."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.process import Server, free_port, http_status

ROOT = Path(__file__).resolve().parent.parent.parent
_INHERITED = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ")


def clean_environment(home: Path, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a child process sees: nothing of the tests' own Lethe settings, and a TMPDIR of its own."""
    temporary = home.with_name(f"{home.name}.tmp")
    temporary.mkdir(parents=True, exist_ok=True)
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    own = {"LETHE_HOME": str(home), "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"}
    return {**inherited, **own, **(environment or {})}


@dataclass
class LiveLethe:
    """An installation in `home`, with a web server on `port`."""

    home: Path
    port: int
    environment: dict[str, str]
    server: Server
    workers: list[Server] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it answers, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def temporary_folder(self) -> Path:
        """The only place where its temporary files would go."""
        return Path(self.environment["TMPDIR"])

    def manage(self, *arguments: str, timeout_s: float = 60, check: bool = True) -> str:
        """Run `manage.py` on the same installation; returns what it printed."""
        return manage(*arguments, environment=self.environment, timeout_s=timeout_s, check=check)

    def worker(self, name: str, *arguments: str) -> Server:
        """Start a further process of the same installation, `python ARGUMENTS`; it ends with the server."""
        command = [sys.executable, *arguments]
        worker = Server(
            name, command, folder=self.server.folder, environment=self.environment, working_directory=ROOT
        )
        self.workers.append(worker)
        return worker

    def stop(self) -> None:
        """End web server and workers."""
        for each in [*self.workers, self.server]:
            each.stop()

    @contextmanager
    def no_temporary_files(self) -> Iterator[None]:
        """Fail when the server, or a child of it, makes a temporary file meanwhile, named or not."""
        folder = self.temporary_folder
        before = folder.stat().st_mtime_ns
        seen: set[str] = set()
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.003):
                for pid in process_tree(self.server.pid):
                    seen.update(temporary_files_of(pid, folder))

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()
        assert not seen, f"temporary files were open: {sorted(seen)}"
        # Creating a name in a folder changes its mtime, even when the name is removed at once.
        assert folder.stat().st_mtime_ns == before, f"temporary files were made in {folder}"


def manage(*arguments: str, environment: Mapping[str, str], timeout_s: float = 60, check: bool = True) -> str:
    """Run `manage.py ARGUMENTS` with exactly this environment; returns standard output and error."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(f"manage.py {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def start(
    home: Path,
    environment: Mapping[str, str] | None = None,
    *,
    arguments: Sequence[str] = ("serve",),
    timeout_s: float = 60,
) -> LiveLethe:
    """Start `manage.py serve` on a free port and wait until /readyz says 200."""
    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    # Else the motion of a demonstration's past, minutes of a core, would compete with what is tried; and
    # more of that past than this is looked at by nobody.
    spare = {"LETHE_MOTION_PERCENT": "5", "LETHE_DEMO_MINUTES": "5"}
    complete = {**spare, **clean_environment(home, environment), "PORT": str(port)}
    folder = home.with_name(f"{home.name}.log")
    folder.mkdir(exist_ok=True)
    command = [sys.executable, ROOT / "manage.py", *arguments]
    server = Server("serve", command, folder=folder, environment=complete, working_directory=ROOT)
    lethe = LiveLethe(home, port, complete, server)
    server.wait_until(lambda: http_status(f"{lethe.url}/readyz") == 200, timeout_s=timeout_s)
    return lethe


def process_tree(pid: int) -> list[int]:
    """The process and all its living descendants."""
    tree = [pid]
    for parent in tree:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                tree += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return tree


def temporary_files_of(pid: int, folder: Path) -> set[str]:
    """Open files of a process below `folder`, those without a name included."""
    found = set()
    for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            target = os.readlink(descriptor)
        except OSError:
            continue
        if target.startswith(f"{folder}/"):
            found.add(target)
    return found
