"""What can go wrong with keys, seals and stores, in words that say what to do."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError
from cctv.vault.sealing import SealBroken as SealBroken
from cctv.vault.sealing import WrongKey as WrongKey

# The pure parts only mark their texts; here they become translatable.
for _error in (SealBroken, WrongKey):
    _error.message, _error.hint = _(_error.message), _(_error.hint)


class KeyMissing(LetheError):
    """The keyring holds no key of this name: destroyed, or the keyring is an older copy."""

    code = "key_missing"
    status = 503
    message = _("The vault has no key for this object.")
    hint = _("If its retention has not ended, the keyring is not the current one: run “manage.py doctor”.")


class VaultNotInitialised(LetheError):
    """Neither root nor keyring: nothing was ever set up here, or the folder is not mounted."""

    code = "vault_not_initialised"
    status = 503
    message = _("There are no keys in the key folder.")
    hint = _(
        "A new installation makes them with “manage.py serve”. On an existing one, mount the key folder."
    )


class VaultNotEmpty(LetheError):
    """New keys were asked for where an installation already is."""

    code = "vault_not_empty"
    status = 409
    message = _("New keys are not made over an existing installation.")
    hint = _("Put the key folder of this installation back, or start with an empty home.")


class RootMissing(LetheError):
    """There is a keyring, but the root that opens it is not there."""

    code = "root_missing"
    status = 503
    message = _("The keyring is there, but its root key file is missing.")
    hint = _("Mount the disk that holds the root key, or recover from a mirror: a new root opens no footage.")


class KeyringMissing(LetheError):
    """There is a root, but no keyring for it."""

    code = "keyring_missing"
    status = 503
    message = _("The root key is there, but the keyring file is missing.")
    hint = _("Put the keyring back from a mirror or from the last backup.")


class GenerationMismatch(LetheError):
    """Root and keyring are of different generations, and no crash explains it."""

    code = "generation_mismatch"
    status = 503
    message = _("The keyring and the root key are of different generations.")
    hint = _("The keyring is an older copy. Put the current one back from a mirror or from the last backup.")


class KeyringBroken(LetheError):
    """The keyring's seal does not hold, or it is no keyring at all."""

    code = "keyring_broken"
    status = 503
    message = _("The keyring file is damaged or was altered.")
    hint = _("Put the current keyring back from a mirror or from the last backup.")


class RingRolledBack(LetheError):
    """A mirror is ahead of the primary: the primary is an old copy."""

    code = "keyring_rolled_back"
    status = 503
    message = _("A mirror of the keys is newer than the keys of this machine: these are an old copy.")
    hint = _(
        "Do not go on with restored keys: recover from the mirror, so that destroyed keys stay destroyed."
    )


class RingForked(LetheError):
    """A mirror that is not newer has keys that the primary never had: one went on from an old copy."""

    code = "keyring_forked"
    status = 503
    message = _("A mirror has keys that this machine never had. It was left as it is.")
    hint = _(
        "One of the two went on from an old copy. Keep a copy of both key folders and find out which footage "
        "opens with which; then empty the mirror’s folder or give the mirror up."
    )


class UnsafeFileSystem(LetheError):
    """Overwriting in place does not overwrite here, so a key could not be destroyed."""

    code = "unsafe_file_system"
    status = 503
    message = _("The key folder lies on a file system that keeps old copies of overwritten data.")
    hint = _("Move it to ext4 (data=ordered), xfs, or a btrfs folder without copy-on-write (chattr +C).")


class VaultBusy(LetheError):
    """The keyring's lock could not be had in time."""

    code = "vault_busy"
    status = 503
    message = _("Another process is changing the keys and does not finish.")
    hint = _("Try again. If it stays, look for a process of Lethe that hangs.")


class VaultWriteFailed(LetheError):
    """The keyring or the root could not be written; the old state stands."""

    code = "vault_write_failed"
    status = 507
    message = _("The keys could not be written. Nothing was changed.")
    hint = _("Free space on the disk that holds the key folder, and check that it is writable.")


class StorageMismatch(LetheError):
    """The footage store is not this installation's: not mounted, emptied, or somebody else's."""

    code = "storage_mismatch"
    status = 503
    message = _("The footage storage is not the one of this installation.")
    hint = _("Mount the right disk or name the right bucket. Nothing was written or deleted.")


class StorageFull(LetheError):
    """No room for a sealed object; the partial one was removed."""

    code = "storage_full"
    status = 507
    message = _("The footage storage is full.")
    hint = _("Free space or add a disk. The recording was not taken over and its source was kept.")


class StorageFailed(LetheError):
    """The store answered with an error of its own."""

    code = "storage_failed"
    status = 503
    message = _("The footage storage does not answer as it should.")
    hint = _("Check the disk or the object store, then try again.")


class ObjectMissing(LetheError):
    """The register knows the object, the store does not have it."""

    code = "object_missing"
    status = 503
    message = _("A sealed object is not in the footage storage.")
    hint = _("Check that the whole storage is mounted, then run the storage check.")


class ReceiptMismatch(LetheError):
    """The log entry does not cover what is to be read."""

    code = "receipt_mismatch"
    status = 403
    message = _("The log entry does not cover this footage.")
    hint = _("Open a viewing with its purpose for this camera and time.")


class FootageExpired(LetheError):
    """Retention has ended; whether a purge has run yet does not matter."""

    code = "footage_expired"
    status = 410
    message = _("This footage has reached the end of its retention and can no longer be opened.")
    hint = _("The page on retention shows when it was or will be destroyed.")


class EpochNotEnded(LetheError):
    """Destroying this key would take footage whose retention still runs."""

    code = "epoch_not_ended"
    status = 409
    message = _("These keys still protect footage whose retention has not ended. Nothing was destroyed.")
    hint = _("Check the clock and the plan of the purge.")


class KeyProtected(LetheError):
    """This key must not be destroyed (or used) that way: it protects something that lives on."""

    code = "key_protected"
    status = 409
    message = _("This key is not one that may be destroyed here. Nothing was destroyed.")
    hint = _("Keys of the log end with the log's own retention, and keys of footage with their hour.")


class SurvivorsRemain(LetheError):
    """A retired key still opens footage whose retention runs: it was not moved to the new key yet."""

    code = "survivors_remain"
    status = 409
    message = _("Footage that must stay is still wrapped under a key to be destroyed. Nothing was destroyed.")
    hint = _("The purge moves it to the new key first; let it run again.")


class EpochRetired(LetheError):
    """The epoch got a new key while something was being sealed: wrap it under the live one."""

    code = "epoch_retired"
    status = 503
    message = _("The key for this hour was changed while the recording was taken over.")
    hint = _("Try again at once: it goes under the new key.")


class JournalBroken(LetheError):
    """A line of the journal was altered or lost, other than the end of the last one."""

    code = "journal_broken"
    status = 503
    message = _("The journal beside the keys is damaged or was altered.")
    hint = _("Put the journal back from a mirror: it lies in the mirror's folder “footage”.")


class JournalRolledBack(LetheError):
    """A copy of the journal has lines that this one has not: this one is an older copy, or a lost one."""

    code = "journal_rolled_back"
    status = 503
    message = _("A mirror's journal has lines that the journal of this machine has not.")
    hint = _("Do not go on with an older copy: run “manage.py restore --replay”.")
