"""What can go wrong with backups and with putting them back, in words that say what to do."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class BackupFailed(LetheError):
    """A backup could not be written; what could not be removed of it is named `.partial`."""

    code = "backup_failed"
    status = 507
    message = _("The backup could not be written.")
    hint = _("Check space and permissions of the destination, then start it again.")


class BackupInterrupted(LetheError):
    """Somebody pressed Ctrl-C."""

    code = "backup_interrupted"
    status = 503
    message = _("The backup was interrupted.")
    hint = _("Start it again when it suits you.")


class BackupNested(LetheError):
    """The destination lies within what Lethe reads or writes itself, or has a root key below it."""

    code = "backup_nested"
    status = 409
    message = _(
        "A backup must not lie in a folder of Lethe or of a recorder, nor in one that has keys in it."
    )
    hint = _("Name a folder on another disk.")


class BackupBroken(LetheError):
    """The folder is no complete backup, or a file in it is not what the manifest says."""

    code = "backup_broken"
    status = 409
    message = _("This is not a complete, undamaged backup of Lethe.")
    hint = _("Take another one. A folder whose name ends in “.partial” was never finished.")


class BackupTooNew(LetheError):
    """A newer version of Lethe made it."""

    code = "backup_too_new"
    status = 409
    message = _("This backup was made by a newer version of Lethe.")
    hint = _("Install that version or a later one, then restore.")


class OtherDatabase(LetheError):
    """The backup holds the other kind of database."""

    code = "backup_other_database"
    status = 409
    message = _("The backup was made from another kind of database than the settings name.")
    hint = _("Set LETHE_DATABASE_URL and LETHE_LOG_DATABASE_URL to the kind that the backup holds.")


class RegisterNotEmpty(LetheError):
    """There is a register or a log already where the backup would go."""

    code = "register_not_empty"
    status = 409
    message = _("There is a register or an access log here already. Nothing was changed.")
    hint = _("Restore into an empty home and empty databases; --over replaces SQLite files after asking.")


class NoMirror(LetheError):
    """The mirror's folder holds no keys of this installation."""

    code = "restore_no_mirror"
    status = 409
    message = _("This folder holds no mirror of the keys of this installation.")
    hint = _(
        "Name the folder that LETHE_KEY_MIRRORS named: it has the folders “footage” and “records” in it."
    )


class MirrorTooOld(LetheError):
    """The mirror is older than the backup: it is not the last one."""

    code = "restore_mirror_too_old"
    status = 409
    message = _("The mirror of the keys is older than the backup.")
    hint = _("Take the mirror that was written last; this one would bring destroyed keys back.")


class RecoveryKeyNeeded(LetheError):
    """The mirror has no root of the records, so the offline recovery key is needed."""

    code = "restore_recovery_key_needed"
    status = 409
    message = _("The mirror has no root key of the records, or an old one.")
    hint = _("Give the offline recovery key with --recovery-key FILE, or “-” to type it in.")


class OtherRestore(LetheError):
    """Another backup is being restored here and was not finished."""

    code = "restore_other_unfinished"
    status = 409
    message = _("Another restore was begun here and is not finished.")
    hint = _("Finish it with the same backup and mirror, or empty the home and begin anew.")


class RestoreUnfinished(LetheError):
    """Nothing may be served from a register into which the journal has not been replayed."""

    code = "restore_unfinished"
    status = 503
    message = _("A restore was begun and is not finished. Nothing is served until it is.")
    hint = _("Run the same “manage.py restore” command again: it goes on where it stopped.")


class NoSuchBackup(LetheError):
    """No backup of that id, or of several."""

    code = "no_such_backup"
    status = 404
    message = _("There is no such backup.")
    hint = _("“manage.py backup --list” shows them with their ids.")
