"""Backups that are missing, late, on the wrong disk, or that hold what no backup may hold."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from cctv.core import clock
from cctv.core.doctor import Finding, bad, ok, register, warn
from cctv.retention.backup import selectors
from cctv.vault import facts

LATE = timedelta(days=8)


@register
def age() -> Iterator[Finding]:
    """Is there a backup that is young enough, and are old ones deleted in time?"""
    now = clock.now()
    latest = selectors.latest()
    why = _("With the databases lost, all footage is lost: its keys are wrapped in them.")
    if latest is None:
        yield warn(
            "backup.none", _("There is no backup."), why=why,
            mend=_("“manage.py backup DEST” daily; see docs/backup.md."),
        )  # fmt: skip
    else:
        what = _("The last backup is of %(when)s.") % {"when": f"{latest.made_at:%Y-%m-%d %H:%M} UTC"}
        if now - latest.made_at > LATE:
            yield warn("backup.late", what, why=why, mend=_("Make one, and let a timer do it daily."))
        else:
            yield ok("backup.late", what)
    for row in selectors.existing():
        if bytes(row.manifest_sha256) and row.expires_at <= now:
            yield warn(
                "backup.expired", _("The backup %(place)s is past its time.") % {"place": row.place},
                why=_("It was promised to be deleted; it holds old registers and held footage."),
                mend=_("Delete it, then “manage.py backup --forget %(id)s”; or run “backup DEST --prune”.")
                % {"id": row.pk},
            )  # fmt: skip


@register
def places() -> Iterator[Finding]:
    """Do the places of backups hold a root key, and are they on a disk of their own?"""
    clean = True
    folders = {Path(row.place).parent for row in selectors.existing()}
    for folder in sorted(folder for folder in folders if folder.is_dir()):
        for path in facts.secrets_in(folder):
            clean = False
            yield bad(
                "backup.root",
                _("A root key or an escrow lies among the backups: %(file)s.") % {"file": path},
                why=_("With it, the backups bring back what was destroyed."),
                mend=_("Overwrite and delete it (shred -u), wherever that folder is copied to as well."),
            )  # fmt: skip
        if folder.stat().st_dev == Path(str(settings.LETHE_HOME)).stat().st_dev:
            yield warn(
                "backup.same_disk",
                _("Backups lie on the disk of Lethe itself (%(folder)s).") % {"folder": folder},
                why=_("They die with that disk."), mend=_("Make them on another disk or host."),
            )  # fmt: skip
    if clean:
        yield ok("backup.root", _("No root key was found where the backups are."))


@register
def restore() -> Iterator[Finding]:
    """Is a restore unfinished?"""
    if selectors.unfinished_restore():
        yield bad(
            "restore.unfinished", _("A restore was begun and is not finished."),
            why=_("Nothing is served until what has ended since the backup is ended again."),
            mend=_("Run the same “manage.py restore” command again."),
        )  # fmt: skip
