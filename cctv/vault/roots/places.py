"""Where a keyring lies whose root is elsewhere: a folder of this host, or a bucket that hosts share.

Either is a place for one object with compare-and-swap: what was read is replaced, or `KeyringMoved`.
The bucket's answer to "is it still the same?" is asked at most every `POLL_S`, and believed for no
longer than `LEASE_S` from before it was asked: a host that cannot ask any more opens nothing, and a
ratchet on another host waits just as long.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from cctv.vault.replica import Replica
from cctv.vault.roots import Signature, forks
from cctv.vault.roots.errors import KeyringMoved, KeyringUnavailable, StoreUnconditional

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LEASE_S = 5.0
POLL_S = 2.0
_AFTER_FAILURE_S = 0.5
_ABSENT = {"404", "NoSuchKey", "NotFound"}
_MOVED = {"412", "409", "PreconditionFailed", "ConditionalRequestConflict"}


class Place(Protocol):
    """One object. `name` is bound into the sealed root; `lease_s` is 0 where no other host can hold it."""

    name: str
    lease_s: float

    def check(self) -> None:
        """StoreUnconditional unless conditions are kept here."""

    def read(self) -> bytes | None:
        """The object, remembered as what `write` replaces; None without one."""

    def write(self, data: bytes) -> None:
        """Replace what was last read or written. KeyringMoved if it is not that any more."""

    def signature(self) -> Signature | None:
        """What changes with the object; None without one, or when it could not be asked for too long."""

    def settled_signature(self) -> Signature | None:
        """That of what was last read or written."""

    def doubt(self) -> None:
        """Let the next `signature` be no older than this call."""


class FolderPlace:
    """The file `keyring` of a folder of this host; the ring's file lock keeps others out."""

    name = "folder"
    lease_s = 0.0

    def __init__(self, folder: Path, ring: str) -> None:
        """Touches nothing yet."""
        self._file = Replica(folder, ring)

    def check(self) -> None:
        """Nothing to doubt."""

    def read(self) -> bytes | None:
        """The file."""
        try:
            return self._file.path.read_bytes()
        except FileNotFoundError:
            return None

    def write(self, data: bytes) -> None:
        """Atomically, durable when this returns."""
        self._file.replace(data)

    def signature(self) -> Signature | None:
        """The file's stat."""
        return self._file.signature()

    def settled_signature(self) -> Signature | None:
        """The same: the lock is held."""
        return self._file.signature()

    def doubt(self) -> None:
        """It never is."""


class BucketPlace:
    """An object of a bucket, replaced by conditional PUT. `nudge` is a file that tells the other processes
    of this host to ask at once."""

    def __init__(
        self,
        make_client: "Callable[[], S3Client]",
        bucket: str,
        key: str,
        *,
        nudge: Path,
        lease_s: float = LEASE_S,
        poll_s: float = POLL_S,
    ) -> None:
        """Connects at the first use."""
        self.name = f"s3:{bucket}/{key}"
        self.lease_s = lease_s
        self._poll_s = poll_s
        self._make_client = make_client
        self._bucket, self._key, self._nudge = bucket, key, nudge
        self._settled: str | None = None  # ETag of what was read or written under the lock
        self.forked()
        forks.watch(self)

    def forked(self) -> None:
        """A child shares no connection, and knows nothing, of its parent."""
        self._client: S3Client | None = None
        self._mutex = threading.Lock()
        self._known: tuple[str | None, float] | None = None  # ETag, and when it was surely still that
        self._ask_after = 0.0
        self._nudged = 0

    def check(self) -> None:
        """Try on an object of its own whether both conditions are kept."""
        key = f"{self._key}.probe-{uuid4().hex}"
        try:
            self._put(key, b"1", None)
            for etag in (None, '"0"'):
                try:
                    self._put(key, b"2", etag)
                except KeyringMoved:
                    continue
                raise StoreUnconditional(f"{StoreUnconditional.message} ({self.name})")
        finally:
            with contextlib.suppress(BotoCoreError, ClientError):
                self._connected().delete_object(Bucket=self._bucket, Key=key)

    def read(self) -> bytes | None:
        """A GET."""
        asked_at = _seconds()
        try:
            answer = self._connected().get_object(Bucket=self._bucket, Key=self._key)
            with contextlib.closing(answer["Body"]) as body:
                data = body.read()
        except ClientError as error:
            if _code(error) not in _ABSENT:
                raise KeyringUnavailable(f"{KeyringUnavailable.message} ({_code(error)})") from error
            self._remember(None, asked_at)
            return None
        except (BotoCoreError, OSError) as error:
            raise KeyringUnavailable(f"{KeyringUnavailable.message} ({type(error).__name__})") from error
        self._remember(answer["ETag"], asked_at)
        return data

    def write(self, data: bytes) -> None:
        """A PUT that only replaces what was read. An answer that got lost is asked for again."""
        asked_at = _seconds()
        try:
            etag = self._put(self._key, data, self._settled)
        except (KeyringMoved, KeyringUnavailable):
            if self.read() != data:
                raise
        else:
            self._remember(etag, asked_at)
        with contextlib.suppress(OSError):
            self._nudge.touch(mode=0o600)
            stamp = time.time_ns()  # finer than the kernel's own, by which two in a row would look alike
            os.utime(self._nudge, ns=(stamp, stamp))

    def signature(self) -> Signature | None:
        """The ETag as it was at most a moment ago."""
        with self._mutex:
            now, nudged = _seconds(), self._nudges()
            asked = self._known[1] if self._known else -self.lease_s
            if now >= self._ask_after and (nudged != self._nudged or now - asked >= self._poll_s):
                self._ask(now, nudged)
            if self._known is None or _seconds() - self._known[1] >= self.lease_s:
                return None
            return self._known[0]

    def settled_signature(self) -> Signature | None:
        """The ETag that the last read or write gave."""
        return self._settled

    def doubt(self) -> None:
        """Ask at the next use, however recently it was."""
        with self._mutex:
            self._nudged = -1

    def _ask(self, now: float, nudged: int) -> None:
        try:
            etag = self._connected().head_object(Bucket=self._bucket, Key=self._key)["ETag"]
        except ClientError as error:
            if _code(error) in _ABSENT:
                self._known = None, now
            self._ask_after = now + _AFTER_FAILURE_S
        except (BotoCoreError, OSError):
            self._ask_after = now + _AFTER_FAILURE_S
        else:
            self._known, self._nudged = (etag, now), nudged

    def _remember(self, etag: str | None, asked_at: float) -> None:
        self._settled = etag
        with self._mutex:
            if self._known is None or asked_at >= self._known[1]:
                self._known = etag, asked_at

    def _put(self, key: str, data: bytes, etag: str | None) -> str:
        condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        try:
            answer = self._connected().put_object(Bucket=self._bucket, Key=key, Body=data, **condition)  # type: ignore[arg-type]
        except ClientError as error:
            kind = KeyringMoved if _code(error) in _MOVED | _ABSENT else KeyringUnavailable
            raise kind(f"{kind.message} ({_code(error)})") from error
        except (BotoCoreError, OSError) as error:
            raise KeyringUnavailable(f"{KeyringUnavailable.message} ({type(error).__name__})") from error
        return answer["ETag"]

    def _connected(self) -> "S3Client":
        if self._client is None:
            self._client = self._make_client()
        return self._client

    def _nudges(self) -> int:
        try:
            return self._nudge.stat().st_mtime_ns
        except OSError:
            return 0


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _seconds() -> float:
    """Goes on while the machine sleeps, unlike the monotonic clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
