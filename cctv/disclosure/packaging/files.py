"""The files of a package on their way into the store: each sealed under a key of its own while it is written.

A row is there before its object, so nothing is ever nobody's. A file counts once its object is durable and
its row says so in one commit that asks whether the work is still ours. What was begun and not finished is
made again; what is done, of the same footage, stays. Nothing is on disk in clear.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Iterable
from datetime import datetime
from types import TracebackType
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from cctv.core import clock
from cctv.core.ids import new_id
from cctv.disclosure.exports.models import Export, FileKind, PackageFile
from cctv.disclosure.packages.zipping import Names
from cctv.disclosure.packaging.errors import Interrupted
from cctv.sites.models import Camera
from cctv.vault import services as vault
from cctv.vault.steps import reached

# In a file's facts: what it was made of (a digest), and what only the package's key opens.
OF, SEALED = "of", "sealed"
PIECE_BYTES = 1 << 20
Span = tuple[datetime, datetime]


def part_of(kind: str) -> str:
    """The part that a file of this kind is for the vault's doors."""
    return f"package.{kind}"


class Filing:
    """One file being written; a sink for the pure parts. Closed at the end, nothing left after an error."""

    def __init__(
        self, row: PackageFile, key_id: str, stopped: Callable[[], bool], fence: Callable[[], None]
    ) -> None:
        """Made by `Files.begin`."""
        self.row = row
        self._stopped, self._fence = stopped, fence
        key = vault.new_object_key()
        row.wrapped_key = vault.wrap_for_package(key_id=key_id, object_key=key)
        with transaction.atomic():
            fence()
            row.save(force_insert=True)
        reached("package.file-begun")
        self._writer = vault.writer(row.sealed_name, key, vault.context(row.pk, part_of(row.kind)))
        self._crc = 0
        self._over = False

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Seal more of it. Interrupted, StorageFull, StorageFailed."""
        if self._stopped():
            raise Interrupted
        self._crc = zlib.crc32(data, self._crc)
        return self._writer.write(data)

    def close(self, **facts: Any) -> PackageFile:
        """Make it durable, then known. Interrupted, if the work is not ours any more: then nothing is
        left."""
        sealed = self._writer.close()
        reached("package.file-durable")
        row, self._over = self.row, True
        row.sealed_bytes, row.size_bytes = sealed.size_bytes, sealed.clear_bytes
        row.sha256, row.crc32 = sealed.clear_sha256.hex(), self._crc
        row.facts, row.done_at = {**row.facts, **facts}, clock.now()
        try:
            with transaction.atomic():
                self._fence()
                row.save(force_update=True)
        except BaseException:
            forget([row])
            raise
        reached("package.file-done")
        return row

    def discard(self) -> None:
        """Leave nothing of it; harmless after `close`."""
        if not self._over:
            self._over = True
            self._writer.abort()
            forget([self.row])

    def __enter__(self) -> Filing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A killed process does neither; what an error of this process leaves behind goes at once.
        self.discard()


class Files:
    """All files of one package."""

    def __init__(
        self, export: Export, key_id: str, *, stopped: Callable[[], bool], fence: Callable[[], None]
    ) -> None:
        """What another worker had begun and not finished goes at once."""
        self.export, self._key_id = export, key_id
        self._stopped, self._fence = stopped, fence
        forget_fenced(fence, export.files.filter(done_at=None))
        # Of a long export the facts of all files together are large: only what each was made of is read.
        self._known = dict(export.files.values_list(f"facts__{OF}", "pk"))
        self._kept: set[Any] = set()
        self._names = Names()
        self._number = max([0, *export.files.values_list("number", flat=True)])

    def name(self, *path: str) -> str:
        """A safe path that no other file of the package has; the same for the same sequence of asks."""
        return self._names.give(*path)

    def there(self, of: str) -> PackageFile | None:
        """The file that an earlier worker made of the same; it stays."""
        pk = self._known.get(of)
        if pk is None:
            return None
        self._kept.add(pk)
        return PackageFile.objects.get(pk=pk)

    def begin(
        self,
        kind: FileKind,
        name: str,
        *,
        of: str = "",
        camera: Camera | None = None,
        span: Span | None = None,
    ) -> Filing:
        """A new file; one of this name that was made of something else goes."""
        forget_fenced(self._fence, self.export.files.filter(name=name))
        self._number += 1
        row = PackageFile(
            id=new_id(), export=self.export, number=self._number, kind=kind, name=name, camera=camera,
            starts_at=span[0] if span else None, ends_at=span[1] if span else None,
            sealed_name=vault.object_name(), facts={OF: of} if of else {},
        )  # fmt: skip
        filing = Filing(row, self._key_id, self._stopped, self._fence)
        self._kept.add(row.pk)
        return filing

    def put(self, kind: FileKind, name: str, data: bytes | Iterable[bytes], **facts: Any) -> PackageFile:
        """A whole file that shows no camera by itself."""
        with self.begin(kind, name) as filing:
            for piece in [data] if isinstance(data, bytes) else data:
                for at in range(0, len(piece), PIECE_BYTES):
                    filing.write(memoryview(piece)[at : at + PIECE_BYTES])
            return filing.close(**facts)

    def drop_others(self) -> None:
        """What an earlier worker made that the package does not have any more."""
        forget_fenced(self._fence, self.export.files.exclude(pk__in=self._kept))

    def sealed(self, data: bytes) -> str:
        """Facts that end with the package, for a row."""
        return base64.b64encode(seal(self.export, data)).decode()


def forget_fenced(fence: Callable[[], None], rows: QuerySet[PackageFile]) -> None:
    """Remove files of a package while the work is ours. Interrupted otherwise: whoever has it now has made
    files of these names anew, or has finished it."""
    with transaction.atomic():
        fence()
        names = taken_out(rows)
    delete_objects(names)


def taken_out(rows: QuerySet[PackageFile]) -> list[str]:
    """Remove the rows, in the caller's transaction; their objects, to be deleted after the commit."""
    found = list(rows.values_list("pk", "sealed_name"))
    PackageFile.objects.filter(pk__in=[pk for pk, _name in found]).delete()
    return [name for _pk, name in found if name]


def delete_objects(names: Iterable[str]) -> None:
    """What is not deleted here has no row, and goes with the sweep of orphans."""
    for name in names:
        vault.delete_object(name)


def seal(export: Export, data: bytes) -> bytes:
    """Seal something small under the package's key, which is there; KeyMissing once it is destroyed."""
    return vault.seal_for_package(key_id=export.key_id, data=data, context=_context(export))


def unseal(export: Export, sealed: bytes) -> bytes:
    """It again. KeyMissing once the package has ended."""
    return vault.open_record(export.key_id, sealed, context=_context(export))


def forget(rows: Iterable[PackageFile]) -> None:
    """Remove files that this process itself has made. Rows first: killed in between, their objects are
    without rows and go with the sweep of orphans; no row says that something is done which is not there."""
    for row in list(rows):
        PackageFile.objects.filter(pk=row.pk).delete()
        if row.sealed_name:
            vault.delete_object(row.sealed_name)


def _context(export: Export) -> bytes:
    return f"lethe/1/package/{export.pk}/facts".encode()
