"""The end of backups: noted when somebody says so, deleted when they are past their time or unfinished."""

import shutil
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from accesslog.services import append
from cctv.core import clock
from cctv.core.atomic import fsync_dir
from cctv.retention.backup import manifest as manifests
from cctv.retention.backup import unfinished
from cctv.retention.backup.errors import NoSuchBackup
from cctv.retention.backup.manifest import PARTIAL
from cctv.retention.backup.models import Backup
from cctv.vault import rings

# So long an unfinished backup is left alone, whoever may still be writing it elsewhere.
GRACE = timedelta(hours=1)


def forget(*, backup_id: str, how: str = "declared", reason: str = "") -> Backup:
    """Note that a backup no longer exists: somebody says so, or this installation deleted it."""
    found = list(Backup.objects.filter(deleted_at=None, pk__in=_matching(backup_id))[:2])
    if len(found) != 1:
        raise NoSuchBackup()
    (row,) = found
    body = {"backup": str(row.pk), "place": row.place, "how": how}
    append(kind="backup.deleted", body=body | ({"reason": reason} if reason else {}))
    row.deleted_at = clock.now()
    row.save(update_fields=["deleted_at"])
    return row


def prune(*, destination: Path) -> list[Backup]:
    """Delete this installation's own expired and unfinished backups in `destination`, and note it.

    Only folders that a row names and whose manifest is this installation's are touched.
    """
    gone = []
    for row in Backup.objects.filter(deleted_at=None):
        folder = Path(row.place)
        if folder.parent != destination.resolve():
            continue
        # Killed after its last rename, a backup is complete although its row does not know it.
        if bytes(row.manifest_sha256) or folder.is_dir():
            ended = row.expires_at <= clock.now() and (not folder.is_dir() or _is_ours(folder, row))
        else:
            folder = folder.with_name(folder.name + PARTIAL)
            ended = row.made_at < clock.now() - GRACE and not unfinished.is_being_written(folder)
        if ended:
            if folder.is_dir():
                shutil.rmtree(folder)
                fsync_dir(folder.parent)
            gone.append(forget(backup_id=str(row.pk), how="deleted"))
    return gone


def _is_ours(folder: Path, row: Backup) -> bool:
    manifest, _digest = manifests.read(folder)
    return manifest.uuid == row.pk and manifest.installation == rings.installation_id()


def _matching(text: str) -> list[UUID]:
    """Ids that begin or end with `text`, without dashes."""
    wanted = text.replace("-", "").lower()
    ids = Backup.objects.filter(deleted_at=None).values_list("pk", flat=True)
    return [pk for pk in ids if wanted and (pk.hex.startswith(wanted) or pk.hex.endswith(wanted))]
