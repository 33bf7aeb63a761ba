"""Sealed objects into the store where they are missing: held ones from the backup, others from a disk."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from django.conf import settings
from django.utils.module_loading import import_string

from cctv.core import clock
from cctv.footage.derived import selectors as derived
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.retention.backup.errors import BackupBroken
from cctv.retention.backup.manifest import HELD, Manifest
from cctv.retention.holds.models import PROTECTING
from cctv.vault import rings
from cctv.vault.doors import footage_storage
from cctv.vault.errors import ObjectMissing, StorageMismatch
from cctv.vault.names import all_parts
from cctv.vault.steps import reached
from cctv.vault.storage import FootageFileStorage

_PIECE = 1 << 20


def put_back(backup: Path, manifest: Manifest, *, footage: Path | None) -> int:
    """How many objects were missing and are there now. An empty store is claimed; another's is refused.

    What no hold in force needs any more stays in the backup: nothing would open it.
    """
    storage = footage_storage()
    try:
        storage.check_marker()
    except StorageMismatch:
        if not storage.is_empty():
            raise
        storage.initialise_storage()
    reached("restore.store")
    put = 0
    wanted = set(_held())
    for name, file in manifest.held():
        if name.partition(".")[0] in wanted:
            put += _put(name, file.size, partial(_pread, backup / HELD / name))
    if footage is not None:
        put += _from_folder(footage)
    return put


def _from_folder(footage: Path) -> int:
    """Everything that the register still knows and this folder has."""
    source = FootageFileStorage(footage, installation_id=rings.installation_id)
    source.check_marker()
    put = 0
    for name in _alive():
        for part in all_parts(name):
            try:
                size = source.size(part)
            except ObjectMissing:
                continue
            put += _put(part, size, partial(source.read_range, part))
    return put


def _put(name: str, size: int, read: Callable[[int, int], bytes]) -> int:
    """Store one object unless it is there whole; 1 if it was missing."""
    storage = footage_storage()
    try:
        if storage.size(name) == size:
            return 0
        storage.remove(name)
    except ObjectMissing:
        pass
    sink = storage.create(name)
    try:
        for at in range(0, size, _PIECE):
            piece = read(at, min(_PIECE, size - at))
            if not piece:
                raise BackupBroken(f"{BackupBroken.message} ({name})")
            sink.write(piece)
        sink.commit()
    except BaseException:
        sink.abort()
        raise
    reached("restore.object")
    return 1


def _held() -> Iterator[str]:
    for model in (Segment, Quarantined):
        rows = model._default_manager.filter(held__hold__state__in=PROTECTING)
        yield from rows.values_list("sealed_name", flat=True).distinct()
    yield from derived.names_made_of(Segment.objects.filter(held__hold__state__in=PROTECTING))


def _alive() -> Iterator[str]:
    yield from _held()
    for model in (Segment, Quarantined):
        rows = model._default_manager.filter(expires_at__gt=clock.now()).order_by("pk")
        yield from rows.values_list("sealed_name", flat=True).iterator()
    yield from derived.names_made_of(Segment.objects.filter(expires_at__gt=clock.now()))
    for keeper in settings.LETHE_OBJECT_KEEPERS:
        yield from (name for name, _site in import_string(f"{keeper}.names")())


def _pread(path: Path, at: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(at)
        return file.read(length)
