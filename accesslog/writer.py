"""The writer: one thread per process that appends entries in groups.

How an entry becomes durable:

1. A caller prepares its event (checked, committed to, sealed) and queues it.
2. The writer takes the first, locks the head in the database, and only then drains the queue: whoever
   arrives while another process holds the head still joins this commit.
3. It numbers the entries, moves the frontier, writes all rows and the head, and commits once.
4. It answers each caller. Nobody gets an answer before the commit has returned.

An entry is identified by its event id. A retry (after a crash, a lost answer, a timeout) finds the entry
and adds nothing; that is also how the writer itself retries a commit whose outcome it did not hear. A caller
that has waited too long gets LogUnavailable; its entry may still arrive, and the log then over-states, which
is the direction it may err in.

After a fork the child starts a writer of its own and never touches the parent's connection.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from _thread import allocate_lock
from dataclasses import replace
from queue import Empty, SimpleQueue
from uuid import UUID

from accesslog import conf, entry, merkle
from accesslog.errors import AccessLogError, EventIdReused, EventRefused, LogDamaged, LogUnavailable
from accesslog.publish import bell, state
from accesslog.records import Prepared, period_of, seal
from accesslog.stores import open_store
from accesslog.stores.base import (
    Changes,
    EntryRow,
    Head,
    Store,
    StoreConflict,
    StoredEntry,
    StoreRefused,
    StoreStale,
)

MAX_BATCH = 512
MAX_QUEUED = 20_000
DATABASE_SHARE = 0.8
"""Share of a caller's patience that the database may take, so that the caller hears the reason."""

log = logging.getLogger("accesslog")


class Pending:
    """An event that waits for its place. The lock is held until there is an answer."""

    __slots__ = (
        "_answered",
        "abandoned",
        "error",
        "leaf_hash",
        "place",
        "prepared",
        "stored",
        "time_us",
        "twin",
    )

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self.abandoned = False
        self.place = -1
        self.time_us = 0
        self.leaf_hash = b""
        self.error: AccessLogError | None = None
        self.stored: StoredEntry | None = None  # the entry was there before
        self.twin: Pending | None = None  # the same event came earlier in this batch
        self._answered = allocate_lock()
        self._answered.acquire()

    def wait(self, seconds: float) -> bool:
        return self._answered.acquire(timeout=seconds)

    def answer(self) -> None:
        if self._answered.locked():
            self._answered.release()

    def reset(self) -> None:
        self.error = self.stored = self.twin = None


class Writer:
    """Queue, thread and connection of one process."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Pending | None] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._store: Store | None = None
        self._alias = ""
        self._stopping = False

    # ------------------------------------------------------------------ callers

    def append(self, prepared: Prepared) -> Pending:
        """Wait until the event is durable. Raises LogUnavailable, LogDamaged or the event's own error."""
        if threading.current_thread() is self._thread:
            raise EventRefused("an event was logged by the log's own writer")
        if self._queue.qsize() >= MAX_QUEUED:
            raise LogUnavailable()
        pending = Pending(prepared)
        self._queue.put(pending)
        if self._thread is None:
            self._start()
        try:
            answered = pending.wait(conf.timeout_s())
        except BaseException:
            pending.abandoned = True
            raise
        if not answered and not pending.wait(0):
            pending.abandoned = True
            raise LogUnavailable()
        if pending.error is not None:
            raise pending.error
        return pending

    def stop(self, timeout_s: float = 10.0) -> None:
        """Write what is queued, close the connection and end the thread; appending starts it again."""
        thread = self._thread
        if thread is not None and thread.is_alive():
            self._queue.put(None)
            thread.join(timeout_s)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="accesslog-writer", daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:  # the interpreter is going down
                    raise LogUnavailable() from error
                self._thread = thread

    # ------------------------------------------------------------------ the thread

    def _run(self) -> None:
        self._stopping = False
        while True:
            first = self._next()
            if first is not None:
                batch = [first]
                try:
                    self._serve(batch)
                except Exception as error:
                    log.exception("the access log's writer failed")
                    self._fail(batch, error)
            elif self._end():
                return

    def _next(self) -> Pending | None:
        """The next caller; None when asked to stop and nobody waits any more."""
        try:
            first = self._queue.get(block=not self._stopping)
        except Empty:
            return None
        if first is None:
            self._stopping = True
        return first

    def _end(self) -> bool:
        """End the thread, unless somebody queued meanwhile: whoever queues later finds no thread."""
        with self._starting:
            if not self._queue.empty():
                return False
            self._close()
            self._thread = None
            return True

    def _serve(self, batch: list[Pending]) -> None:
        """Commit the batch and all that is queued, and answer everybody."""
        try:
            self._commit(batch)
        except (StoreConflict, StoreRefused) as error:
            self._close()
            self._one_by_one(batch, error)
        except Exception as error:
            log.error("the access log cannot be written: %s", error)
            self._close()
            self._drain(batch)
            self._fail(batch, error)
        else:
            for pending in batch:
                pending.answer()

    def _one_by_one(self, batch: list[Pending], error: Exception) -> None:
        """Find the entry that spoiled a commit: the others must not fail with it."""
        if len(batch) == 1:
            log.error("an entry was refused by the log's database: %s", error)
            self._fail(batch, error)
            return
        for pending in batch:
            alone = [pending]
            try:
                self._commit(alone, drain=False)
            except Exception as reason:
                log.error("an entry was refused by the log's database: %s", reason)
                self._close()
                self._fail(alone, reason)
            else:
                pending.answer()

    def _commit(self, batch: list[Pending], *, drain: bool = True) -> None:
        """One durable commit of `batch`, to which the queue is added under the lock."""
        try:
            self._attempt(batch, drain=drain, certain=True)
        except StoreStale:
            # A connection may have died long ago, or within COMMIT: look up every event id this time.
            self._close()
            self._attempt(batch, drain=drain, certain=False)

    def _attempt(self, batch: list[Pending], *, drain: bool, certain: bool) -> None:
        alias = conf.database()
        if self._store is None or self._alias != alias:
            self._close()
            self._store = open_store(alias, conf.timeout_s() * DATABASE_SHARE)
            self._alias = alias
        store = self._store
        try:
            head = store.begin()
            state.refuse_fork(head.size, store.was_published)
            if drain:
                self._drain(batch)
            ids = [p.prepared.event_id for p in batch if p.prepared.may_exist or not certain]
            known = store.find(ids) if ids else {}
            changes = plan(head, batch, known)
            if changes.entries:
                store.commit(changes)
                bell.ring()
            else:
                store.rollback()
        except BaseException:
            store.rollback()
            raise

    def _drain(self, batch: list[Pending]) -> None:
        get = self._queue.get_nowait
        try:
            while len(batch) < MAX_BATCH:
                pending = get()
                if pending is None:
                    self._stopping = True
                    return
                batch.append(pending)
        except Empty:
            return

    def _fail(self, batch: list[Pending], error: Exception) -> None:
        for pending in batch:
            pending.error = _public(error)
            pending.error.__cause__ = error
            pending.answer()

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None


def _public(error: Exception) -> AccessLogError:
    if isinstance(error, AccessLogError):
        return error
    if isinstance(error, StoreConflict):
        return LogDamaged()
    return EventRefused(str(error)) if isinstance(error, StoreRefused) else LogUnavailable()


# ---------------------------------------------------------------------- numbering


def plan(head: Head, batch: list[Pending], known: dict[UUID, StoredEntry]) -> Changes:
    """Give each pending event its place after `head`; a known event id gets the entry that it has.

    Raises StoreConflict when the head contradicts itself.
    """
    try:
        frontier = merkle.Frontier.from_bytes(head.size, head.frontier)
    except merkle.MerkleError as error:
        raise StoreConflict(str(error)) from error
    time_us = max(time.time_ns() // 1000, head.last_time_us)
    changes = Changes(head)
    twins: dict[UUID, Pending] = {}
    for pending in batch:
        pending.reset()
        if pending.abandoned:
            continue
        event_id = pending.prepared.event_id
        if event_id in known:
            _take_known(pending, known[event_id])
        elif event_id in twins:
            _take_twin(pending, twins[event_id])
        elif _place(pending, frontier, time_us, changes):
            twins[event_id] = pending
    changes.head = Head(frontier.size, frontier.to_bytes(), time_us)
    return changes


def _take_known(pending: Pending, stored: StoredEntry) -> None:
    if stored.kind != pending.prepared.kind:
        pending.error = EventIdReused()
    pending.stored = stored


def _take_twin(pending: Pending, twin: Pending) -> None:
    if twin.prepared.kind != pending.prepared.kind:
        pending.error = EventIdReused()
    pending.twin = twin


def _place(pending: Pending, frontier: merkle.Frontier, time_us: int, changes: Changes) -> bool:
    prepared = pending.prepared
    period = period_of(time_us, prepared.keep)
    if prepared.period != period:
        # The clock passed a month's end meanwhile, or went back: the key must be that of the entry's time.
        try:
            key_id, sealed = seal(period, prepared.plaintext)
        except LogUnavailable as error:
            pending.error = error
            return False
        prepared = replace(prepared, period=period, key_id=key_id, sealed=sealed)
    index = frontier.size
    data = entry.encode(prepared.kind_bytes, time_us, prepared.commitment)
    leaf = merkle.leaf_hash(data)
    frontier.append(leaf)
    pending.place, pending.time_us, pending.leaf_hash = index, time_us, leaf
    changes.entries.append(EntryRow(index, prepared.event_id, time_us, prepared.kind, data, leaf))
    changes.bodies.append((index, prepared.sealed, prepared.key_id))
    for number, row in enumerate(prepared.rows):
        changes.rows.append((index << 16 | number, index, *row))
    return True


# ---------------------------------------------------------------------- the process's one writer

_writer = Writer()
_inherited: list[Writer] = []


def current() -> Writer:
    """This process's writer."""
    return _writer


def stop() -> None:
    """Write what is queued and let go of the database (at exit, and before tests drop it)."""
    _writer.stop()


def _after_fork() -> None:
    global _writer
    # Closing an inherited connection would end the parent's session, so it is only put aside.
    _inherited.append(_writer)
    _writer = Writer()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(stop)
