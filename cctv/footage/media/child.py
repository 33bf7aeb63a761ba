"""A transcoding child and its two pipes: fed by a thread, read by the caller, killed when time is up."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any

from cctv.footage.media import wire
from cctv.footage.media.errors import TranscodeCancelled, TranscodeFailed
from cctv.footage.media.parameter_sets import record_of

POLL_SECONDS = 0.25
MAX_PICTURE = 32 << 20
Packet = tuple[int, int, bool, bytes | memoryview]


class Child:
    """One child process; leaving the context kills it if it still runs, and takes its remains away."""

    def __init__(
        self,
        command: list[str],
        environment: dict[str, str],
        deadline: float,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )
        self._deadline = deadline
        self._cancelled = cancelled or (lambda: False)
        self._feeder: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._buffer = bytearray()

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        if self._feeder is not None:
            self._feeder.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        self._process.wait()

    def feed(self, header: dict[str, Any], packets: Iterable[Packet]) -> None:
        """Send a job from a thread of its own; an error of `packets` ends the job and is raised by
        `pictures`."""
        self._feeder = threading.Thread(target=self._feed, args=(header, packets), daemon=True)
        self._feeder.start()

    def _feed(self, header: dict[str, Any], packets: Iterable[Packet]) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        try:
            wire.write_header(pipe, header)
            for pts, dts, key, data in packets:
                pipe.write(wire.PACKET.pack(len(data), pts, dts, key))
                pipe.write(data)
            pipe.write(wire.PACKET.pack(0, 0, 0, 0))
            pipe.flush()
        except BrokenPipeError:
            return
        except BaseException as error:
            self._failure = error
            self._process.kill()

    def pictures(self, expected_record: bytes, masks_version: str) -> Iterator[tuple[int, bool, bytes]]:
        """(pts, key, Annex B bytes) of each encoded picture; ends when the child has said that it is done.

        None before it has named the masks that it was to draw: a worker of another release may know of none.
        Raises TranscodeFailed, TranscodeCancelled, or what the feeding raised.
        """
        masks_named = False
        pipe = self._process.stdout
        assert pipe is not None
        os.set_blocking(pipe.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while True:
                kind, size, pts, key = wire.MESSAGE.unpack(self._take(selector, pipe, wire.MESSAGE.size))
                if size > MAX_PICTURE:
                    raise TranscodeFailed("the child sent something else than agreed")
                data = self._take(selector, pipe, size)
                if kind == wire.PICTURE and masks_named:
                    yield pts, bool(key), data
                elif kind == wire.DONE:
                    return
                elif kind == wire.ERROR:
                    raise TranscodeFailed(data.decode("utf-8", "replace"))
                elif kind == wire.MASKS and data == masks_version.encode():
                    masks_named = True
                elif kind != wire.EXTRADATA or record_of("h264", data) != expected_record:
                    raise TranscodeFailed("the child sent something else than agreed")

    def _take(self, selector: selectors.BaseSelector, pipe: IO[bytes], size: int) -> bytes:
        while len(self._buffer) < size:
            if self._cancelled():
                raise TranscodeCancelled
            if time.monotonic() > self._deadline:
                raise TranscodeFailed("it took too long")
            if not selector.select(POLL_SECONDS):
                continue
            more = os.read(pipe.fileno(), 1 << 20)
            if not more:
                raise self._ended()
            self._buffer += more
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _ended(self) -> BaseException:
        if self._failure is not None:
            return self._failure
        code = self._process.wait()
        return TranscodeFailed(f"the converting process ended early (code {code})")
