"""Watches the folders of all sources, so that a finished recording is taken in within seconds.

The watcher only wakes sweeps: what it misses (network shares tell nothing) the sweep of every ten
seconds finds. One thread in the server process; it never touches a recording itself.
"""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import watchfiles
from django.db import close_old_connections

from cctv.ingest import tasks
from cctv.ingest.models import Source

log = logging.getLogger("cctv.ingest")

LOOK_EACH_S = 5.0
WAKE_MS = 250
# Past the settle time of a file, so that the sweep finds it settled.
MARGIN_S = 0.2


class Watcher:
    """The thread and what it knows of the sources."""

    def __init__(self) -> None:
        """Does not start yet."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lethe-watcher", daemon=True)
        self._folders: dict[Path, tuple[UUID, float]] = {}
        self._due: dict[UUID, float] = {}
        self._last: dict[UUID, float] = {}

    def start(self) -> None:
        """Begin watching."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the thread; waits for it."""
        self._stop.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._look()
                if self._folders:
                    self._watch()
                else:
                    self._stop.wait(LOOK_EACH_S)
            except Exception:
                log.exception("watching the source folders failed; the regular sweep goes on")
                self._stop.wait(LOOK_EACH_S)

    def _look(self) -> bool:
        """Read the sources again; whether the set of folders has changed."""
        close_old_connections()
        try:
            rows = Source.objects.filter(retired_at=None).values_list("folder", "pk", "settle_seconds")
            found = {
                Path(folder): (pk, float(settle)) for folder, pk, settle in rows if Path(folder).is_dir()
            }
        finally:
            close_old_connections()
        changed = found != self._folders
        self._folders = found
        return changed

    def _watch(self) -> None:
        """Follow changes until the set of folders changes."""
        looked = time.monotonic()
        changes = watchfiles.watch(
            *self._folders,
            watch_filter=None,
            debounce=WAKE_MS,
            step=50,
            rust_timeout=WAKE_MS,
            yield_on_timeout=True,
            stop_event=self._stop,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )
        for batch in changes:
            for kind, path in batch:
                if kind != watchfiles.Change.deleted:
                    self._note(Path(path))
            self._wake()
            if time.monotonic() - looked > LOOK_EACH_S:
                looked = time.monotonic()
                if self._look():
                    return

    def _note(self, path: Path) -> None:
        """Something changed below a source's folder: sweep when it may have settled, and not only once.

        Each change moves `last`, but not a sweep that is already due: a camera that writes without
        pause must not hold up another one's finished file.
        """
        for folder, (source_id, settle_s) in self._folders.items():
            if folder in path.parents:
                when = time.monotonic() + settle_s + MARGIN_S
                self._due.setdefault(source_id, when)
                self._last[source_id] = when

    def _wake(self) -> None:
        now = time.monotonic()
        for source_id, when in list(self._due.items()):
            if now < when:
                continue
            del self._due[source_id]
            if self._last.get(source_id, 0.0) > now:
                self._due[source_id] = self._last[source_id]
            tasks.sweep_source.apply_async((str(source_id), False), expires=tasks.EXPIRES_S)


def start() -> Callable[[], None]:
    """Start watching in this process; what is returned stops it."""
    watcher = Watcher()
    watcher.start()
    return watcher.stop
