"""The publisher: one thread per process that publishes soon after each append, and one for each copy.

The writer rings when it has committed; appends of other processes are found by asking the head every 0.4
seconds. Whatever goes wrong is logged once, tried again, and never touches who appends. Several processes
take turns by a lock on the folder; each finds what the others have published already.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from django.db import connections

from accesslog import conf
from accesslog.publish import bell, copies, database, files, rounds
from accesslog.publish.rounds import LEAST_PAUSE_S, TooSoon

POLL_S = 0.4
RETRY_S = 2.0
COPY_RETRY_S = 15.0
FIRST_LOOK_S = 5.0
LOCK_PATIENCE_S = 0.2

log = logging.getLogger("accesslog.publish")


class Publisher:
    """The threads of one process. Made by the project where it serves; see accesslog/README.md."""

    def __init__(self) -> None:
        self._bell = threading.Event()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._copiers = [_Copier(path, self._stopping) for path in conf.copies()]
        self._trouble = _Trouble("the access log cannot be published")
        self._seen = -1

    def start(self) -> Callable[[], None]:
        """Begin; returns what ends it. Nothing is begun where the project publishes nothing."""
        if conf.folder() is None:
            return lambda: None
        bell.hear(self._bell)
        for name, run in (("publisher", self._run), *((f"copier-{c.path}", c.run) for c in self._copiers)):
            thread = threading.Thread(target=run, name=f"accesslog-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)
        return self.stop

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the threads; a copy that hangs is left to the end of the process."""
        self._stopping.set()
        bell.leave(self._bell)
        self._bell.set()
        for copier in self._copiers:
            copier.wake.set()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        # What a copy remembers counts before the first signature; one that hangs is not waited for.
        deadline = time.monotonic() + FIRST_LOOK_S
        for copier in self._copiers:
            copier.looked.wait(max(0.0, deadline - time.monotonic()))
        pause = 0.0
        while not self._stopping.is_set():
            self._bell.wait(pause)
            self._bell.clear()
            if self._stopping.is_set():
                break
            pause = self._once()
        connections.close_all()

    def _once(self) -> float:
        """One look, and a round if the head has moved; how long to wait for the bell at most."""
        try:
            size = database.size()
            if size == self._seen:
                return POLL_S
            rounds.publish(
                patience_s=LOCK_PATIENCE_S, least_pause_s=LEAST_PAUSE_S, noted=False, ask=self._seen < 0
            )
        except TooSoon as soon:
            self._stopping.wait(soon.seconds)
            return 0.0
        except files.Busy:
            return POLL_S / 2
        except Exception as error:
            self._trouble.tell(error)
            connections.close_all()
            self._stopping.wait(RETRY_S)
            return 0.0
        self._seen = size
        self._trouble.over()
        for copier in self._copiers:
            copier.wake.set()
        return POLL_S


class _Copier:
    """Keeps one copy up to date, in a thread of its own: a host that hangs holds up nobody else."""

    def __init__(self, path: Path, stopping: threading.Event) -> None:
        self.path = path
        self.wake = threading.Event()
        self.looked = threading.Event()
        self._stopping = stopping
        self._trouble = _Trouble(f"the copy {path} of the published log is behind")

    def run(self) -> None:
        while not self._stopping.is_set():
            pause = self._once()
            self.looked.set()
            self.wake.wait(pause)
            self.wake.clear()
        connections.close_all()

    def _once(self) -> float:
        try:
            copies.bring_up(self.path)
        except files.Busy:
            return POLL_S
        except Exception as error:
            self._trouble.tell(error)
            self.looked.set()
            self._stopping.wait(RETRY_S)
            return COPY_RETRY_S
        self._trouble.over()
        return COPY_RETRY_S


class _Trouble:
    """Says once that something goes wrong, and once that it is over."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._told = ""

    def tell(self, error: Exception) -> None:
        text = f"{type(error).__name__}: {error}"
        if text != self._told:
            log.error("%s: %s", self._what, text)
            self._told = text

    def over(self) -> None:
        if self._told:
            log.warning("%s: over", self._what)
            self._told = ""


def start() -> Callable[[], None]:
    """Start this process's publisher; returns what stops it."""
    return Publisher().start()
