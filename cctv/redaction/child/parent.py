"""The parent's side of the child: feeds it from a thread, reads what it says, kills it when asked to."""

from __future__ import annotations

import os
import selectors
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from cctv.footage.media import wire
from cctv.footage.media.child import Child
from cctv.redaction.child import protocol
from cctv.redaction.child.protocol import Item

SECONDS = 6 * 3600.0
# Largest message: facts of a minute with hundreds of people, an encoded picture, a JPEG.
MAX_MESSAGE = 64 << 20


class ChildFailed(Exception):
    """The child could not do it, or ended early; says why. Not translated: it is for the server's log."""


class ChildStopped(Exception):
    """The caller called it off."""


class Helper(Child):
    """One child process; leaving the context kills it if it still runs."""

    def __init__(self, *, stopped: Callable[[], bool] | None = None, seconds: float = SECONDS) -> None:
        """`stopped` is asked several times a second; after `seconds` it has failed."""
        command = [sys.executable, "-m", "cctv.redaction.child.worker"]
        super().__init__(command, _environment(), time.monotonic() + seconds, stopped)

    def __enter__(self) -> Helper:
        return self

    def work(self, header: dict[str, Any], items: Iterable[Item]) -> Iterator[Item]:
        """Feed `items` and give what the child says until it says that all is done.

        Raises ChildFailed, ChildStopped, or what `items` raised.
        """
        self._feeder = threading.Thread(target=self._feed_items, args=(header, items), daemon=True)
        self._feeder.start()
        pipe = self._process.stdout
        assert pipe is not None
        os.set_blocking(pipe.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while True:
                kind, size, pts, dts, key = protocol.ITEM.unpack(self._some(selector, protocol.ITEM.size))
                if size > MAX_MESSAGE:
                    raise ChildFailed("it sent something else than agreed")
                data = self._some(selector, size) if size else b""
                if kind == protocol.ALL:
                    return
                if kind == protocol.ERROR:
                    raise ChildFailed(data.decode("utf-8", "replace"))
                yield Item(kind, data, pts, dts, bool(key))

    def _feed_items(self, header: dict[str, Any], items: Iterable[Item]) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        try:
            wire.write_header(pipe, header)
            for item in items:
                protocol.write(pipe, *item)
                if item.kind == protocol.END:
                    pipe.flush()
            protocol.write(pipe, protocol.ALL)
            pipe.flush()
        except BrokenPipeError:
            return
        except BaseException as error:
            self._failure = error
            self._process.kill()

    def _some(self, selector: selectors.BaseSelector, size: int) -> bytes:
        pipe = self._process.stdout
        assert pipe is not None
        while len(self._buffer) < size:
            if self._cancelled():
                raise ChildStopped
            if time.monotonic() > self._deadline:
                raise ChildFailed("it took too long")
            if not selector.select(0.25):
                continue
            more = os.read(pipe.fileno(), 1 << 20)
            if not more:
                if self._failure is not None:
                    raise self._failure
                raise ChildFailed(f"it ended early (code {self._process.wait()})")
            self._buffer += more
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data


def _environment() -> dict[str, str]:
    """Nothing of the parent's environment, where settings and secrets are, but what Python needs to start."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "LANG") if name in os.environ}
    root = str(Path(__file__).resolve().parents[3])
    return kept | {"PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}
