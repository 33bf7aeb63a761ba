"""Child processes that never outlive the tests."""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_ROOM = 4 << 30


class ServerFailed(RuntimeError):
    """A server did not come up; the message carries the end of its log."""


class Server:
    """One child process in its own session, with a log file and a folder of its own.

    The kernel ends it should the tests be killed (PR_SET_PDEATHSIG), so it must be started from the
    main thread: the signal follows the thread that started the child.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[object],
        *,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        working_directory: Path | None = None,
        user: int | None = None,
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.name = name
        self.folder = folder
        self.log = folder / f"{name}.log"
        self._ended = False

        def die_with_parent() -> None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)

        as_user: dict[str, Any] = (
            {"user": user, "group": user, "extra_groups": []} if user is not None else {}
        )
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command],  # paths and numbers too
                cwd=working_directory or folder,
                env=dict(environment) if environment is not None else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
                **as_user,
            )

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self.process.pid

    def output(self) -> str:
        """Everything the child has written so far."""
        return self.log.read_text(errors="replace")

    def wait_until(self, ready: Callable[[], bool], *, timeout_s: float = 30.0) -> None:
        """Poll `ready` until it holds; raises ServerFailed with the log when it does not in time."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise ServerFailed(
                    f"{self.name} ended with {self.process.returncode}:\n{self.output()[-4000:]}"
                )
            try:
                if ready():
                    return
            except OSError:
                pass
            time.sleep(0.02)
        self.stop()
        raise ServerFailed(f"{self.name} was not ready after {timeout_s} s:\n{self.output()[-4000:]}")

    def stop(self, *, gently: signal.Signals = signal.SIGTERM, timeout_s: float = 10.0) -> int:
        """Ask the child to end, then end its whole process group; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(gently)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout_s)
        self.kill()
        return self.process.returncode

    def kill(self) -> None:
        """`kill -9` for the child and everything in its process group; once, since ids are used again."""
        if self._ended:
            return
        self._ended = True
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            if self.process.poll() is None:
                self.process.kill()
        self.process.wait(10)


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that were free a moment ago, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def free_port() -> int:
    """One port of 127.0.0.1 that was free a moment ago."""
    return free_ports(1)[0]


def accepts(port: int) -> bool:
    """Whether something listens on the port of 127.0.0.1."""
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def http_status(url: str, *, timeout_s: float = 2.0) -> int:
    """The status of a GET, 4xx and 5xx included; OSError when nothing answers."""
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def server_folder(name: str, *, within: Path | None = None) -> Path:
    """A new folder for one server; short, because socket paths may have no more than 107 bytes."""
    return Path(tempfile.mkdtemp(prefix=f"lethe-{name}-", dir=within))


def memory() -> Path | None:
    """A file system in memory with room for databases; None without one."""
    shm = Path("/dev/shm")
    roomy = os.access(shm, os.W_OK) and shutil.disk_usage(shm).free > _ROOM
    return shm if roomy else None


def remove_folder(folder: Path) -> None:
    """Delete what a server has left."""
    shutil.rmtree(folder, ignore_errors=True)
