"""What is known of backups and restores."""

from cctv.retention import guards
from cctv.retention.backup import progress
from cctv.retention.backup.errors import RestoreUnfinished
from cctv.retention.backup.models import Backup


def existing() -> list[Backup]:
    """Backups that may still exist somewhere, newest first; those past their time are among them."""
    return list(Backup.objects.filter(deleted_at=None))


def latest() -> Backup | None:
    """The newest finished backup that may still exist."""
    return Backup.objects.filter(deleted_at=None).exclude(manifest_sha256=b"").first()


def unfinished_restore() -> bool:
    """Whether a restore was begun here, or into this register from elsewhere, and is not finished."""
    return progress.unfinished()


def register_in_doubt() -> bool:
    """Whether the register may be an older copy: what it does not know must then be left alone."""
    return guards.in_doubt() is not None


def refuse_unfinished_restore() -> None:
    """RestoreUnfinished while one is: nothing may be served before the journal has been replayed."""
    if unfinished_restore():
        raise RestoreUnfinished()
