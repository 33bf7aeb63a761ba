"""How a file of a package is opened: for whoever is sent it, and for jobs, by the vault's doors.

Footage of a package opens with an entry that names the export, the camera and all of the file's span; its
papers with any entry that names the export. Nothing opens before the package is whole, or once it has
expired, whether it has been destroyed yet or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from accesslog import Receipt
from cctv.core import clock
from cctv.disclosure.exports.models import Export, ExportForm, ExportState, FileKind, PackageFile
from cctv.disclosure.packaging import masked, outliving
from cctv.disclosure.packaging.errors import MasksForbidNative, NotReady, PackageExpired
from cctv.disclosure.packaging.files import part_of, seal, unseal
from cctv.disclosure.packaging.sources import JOB
from cctv.footage import playback
from cctv.footage.restrictions.services import require_free
from cctv.vault import past
from cctv.vault import services as vault
from cctv.vault.sealing import SealedReader

__all__ = [
    "PARTS",
    "MasksForbidNative",
    "NotReady",
    "PackageExpired",
    "keyed",
    "open_for_person",
    "open_for_system",
    "require_all_open",
    "require_open",
    "seal",
    "unseal",
]

FOOTAGE = (FileKind.CLIP, FileKind.REBUILD, FileKind.REDACTED, FileKind.STILL)
# What an entry that sends a package opens: `vault.register_person_kind(kind, *PARTS)`.
PARTS = tuple(part_of(kind) for kind in FileKind)
# While a package is being made it has no day of expiry yet; no reader of the job lives this long.
MAKING = timedelta(days=1)


def keyed(file: PackageFile) -> vault.KeyedObject:
    """The file as the vault wants it: by its own key, wrapped under the package's."""
    export = file.export
    starts_at, ends_at = file.starts_at or export.asked_at, file.ends_at or export.asked_at + MAKING
    return vault.KeyedObject(
        name=file.sealed_name, size_bytes=file.sealed_bytes, wrapped_key=bytes(file.wrapped_key),
        key_id=export.key_id, context_id=file.pk, camera_id=file.camera_id, site_id=export.site_id,
        starts_at=starts_at, ends_at=ends_at, expires_at=export.expires_at or clock.now() + MAKING,
        part=part_of(file.kind), ring="records",
    )  # fmt: skip


def require_open(export: Export) -> None:
    """Raise unless files of the package may be opened now, as the register stands: whole, in time, free.

    NotReady, PackageExpired, FootageRestricted, MasksForbidNative, MasksChanged.
    """
    row = Export.objects.get(pk=export.pk)
    if row.state == ExportState.ENDED or row.ending.get(outliving.ERASED):
        raise PackageExpired
    if row.state != ExportState.READY or row.expires_at is None or not row.key_id:
        raise NotReady
    if past.is_over(row.expires_at):
        raise PackageExpired
    for span in row.spans.select_related("camera__site"):
        if span.form != ExportForm.REDACTED:
            masked.require_native(span.camera)


def require_all_open(export: Export, files: Iterable[PackageFile]) -> None:
    """The same for all of these files of it: so that none of them is refused once others have left."""
    require_open(export)
    for file in files:
        _require_free(file)


def require_file_open(file: PackageFile) -> None:
    """The same for one file: what was restricted or masked since it was made does not leave any more."""
    require_open(file.export)
    _require_free(file)


def _require_free(file: PackageFile) -> None:
    if file.done_at is None or not file.sealed_name:
        raise NotReady
    if file.camera is None or file.starts_at is None or file.ends_at is None:
        return
    require_free(file.camera, file.starts_at, file.ends_at)
    if file.kind in (FileKind.REDACTED, FileKind.STILL):
        playback.require_copy_masks(file.camera, str(file.facts.get("masks", "")))


def open_for_person(receipt: Receipt, file: PackageFile, *, actor_id: UUID | str) -> SealedReader:
    """The file, for whom the receipt names (an account, or a hand-over's recipient). ReceiptMismatch,
    KeyMissing, SealBroken, errors of the store, and what `require_open` raises."""
    require_file_open(file)
    obj = keyed(file)
    return vault.open_for_person(receipt, obj, actor_id=actor_id, span=(obj.starts_at, obj.ends_at))


def open_for_system(receipt: Receipt, file: PackageFile, *, job: str = JOB) -> SealedReader:
    """The same for a job, whose entry `vault.job` names the file among its objects, and the export."""
    require_file_open(file)
    return vault.open_for_system(receipt, keyed(file), job=job)
