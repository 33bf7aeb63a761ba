"""What a check can find: each kind in words (what it is, what it means, what to do about it)."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

OBJECT_MISSING = "object_missing"
PART_MISSING = "part_missing"
DERIVED_MISSING = "derived_missing"
KEPT_MISSING = "kept_missing"
SIZE_DIFFERS = "size_differs"
HASH_DIFFERS = "hash_differs"
UNREADABLE = "object_unreadable"
ORPHAN_OBJECT = "orphan_object"
ORPHAN_PART = "orphan_part"
KEY_MISSING = "key_missing"
KEY_UNKNOWN = "key_unknown"
KEY_OF_DESTROYED = "key_of_destroyed_epoch"
ROW_OF_DESTROYED = "row_of_destroyed_epoch"
HELD_KEY_MISSING = "held_key_missing"
FOREIGN_FILE = "foreign_file"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding. `tone` is bad (footage or a promise is hurt), warn, or info (nothing is hurt)."""

    code: str
    tone: str
    repairable: bool
    title: Any
    meaning: Any
    todo: Any

    def title_for(self, n: int) -> str:
        """The finding as a sentence with its number."""
        return str(self.title % {"n": n})


_MISSING = Kind(
    OBJECT_MISSING, "bad", True,
    ngettext_lazy("%(n)d recording is on the register, but its sealed object is gone.",
                  "%(n)d recordings are on the register, but their sealed objects are gone.", "n"),
    _("What is gone cannot be played. Something outside Lethe has removed it, or the disk has lost it."),
    _("Look for a copy of the disk and put the objects back under their names. What is lost for good is"
      " taken off the register with “fsck --repair object_missing”; held recordings stay on it."),
)  # fmt: skip
_PART = Kind(
    PART_MISSING, "warn", True,
    ngettext_lazy("%(n)d recording lacks its index or its small picture.",
                  "%(n)d recordings lack their index or their small picture.", "n"),
    _("Without a small picture the timeline has a blank; without the index the recording cannot be played."),
    _("“fsck --repair part_missing” has small pictures made again. An index can only be put back from a copy"
      " of the disk."),
)  # fmt: skip
_DERIVED = Kind(
    DERIVED_MISSING, "warn", True,
    ngettext_lazy("%(n)d object that was made of footage, as for a redaction, is gone.",
                  "%(n)d objects that were made of footage, as for a redaction, are gone.", "n"),
    _("The footage itself is not concerned. What needs the object waits until it has been made again."),
    _("Put the objects back from a copy of the disk, or take them off the register with “fsck --repair"
      " derived_missing” and have them made again, by rendering the redaction once more."),
)  # fmt: skip
_KEPT = Kind(
    KEPT_MISSING, "bad", False,
    ngettext_lazy("%(n)d sealed object of a letter or of an export's package is gone.",
                  "%(n)d sealed objects of letters or of exports' packages are gone.", "n"),
    _("The footage itself is not concerned. A package that lacks a file is not handed over whole."),
    _("Put the objects back from a copy of the disk; or withdraw the export, and ask for it anew."),
)  # fmt: skip
_SIZE = Kind(
    SIZE_DIFFERS, "bad", False,
    ngettext_lazy("%(n)d sealed object does not have the size that the register knows.",
                  "%(n)d sealed objects do not have the size that the register knows.", "n"),
    _("An object was cut short or overwritten. The seal notices it: what is hurt does not play."),
    _("Check the disk. Put the object back from a copy of the disk; it expires by itself like the others."),
)  # fmt: skip
_HASH = Kind(
    HASH_DIFFERS, "bad", False,
    ngettext_lazy("%(n)d sealed object does not hold the bytes that were sealed.",
                  "%(n)d sealed objects do not hold the bytes that were sealed.", "n"),
    _("The disk or somebody has changed them. What is hurt does not open; nothing false is shown."),
    _("Check the disk at once. Put the object back from a copy of the disk; it expires by itself."),
)  # fmt: skip
_UNREADABLE = Kind(
    UNREADABLE,
    "bad",
    False,
    ngettext_lazy("%(n)d sealed object could not be read.", "%(n)d sealed objects could not be read.", "n"),
    _("The disk or the object store answered with an error."),
    _("Check the disk or the object store, then check again."),
)
_ORPHAN = Kind(
    ORPHAN_OBJECT, "warn", True,
    ngettext_lazy("%(n)d sealed object has no row on the register.",
                  "%(n)d sealed objects have no row on the register.", "n"),
    _("Without a row nothing opens it: left over from a crash, or the register is an older copy than the"
      " disk."),
    _("If the register was put back from a backup, finish “manage.py restore” first. Left-overs are deleted"
      " with “fsck --repair orphan_object”, and by Lethe itself after an hour."),
)  # fmt: skip
_ORPHAN_PART = Kind(
    ORPHAN_PART, "info", True,
    ngettext_lazy("%(n)d index or small picture belongs to no recording.",
                  "%(n)d indexes or small pictures belong to no recording.", "n"),
    _("It is sealed, and only takes room."),
    _("“fsck --repair orphan_part” deletes it."),
)  # fmt: skip
_KEY = Kind(
    KEY_MISSING, "bad", False,
    ngettext_lazy("%(n)d key of footage that is still kept is not in the keyring.",
                  "%(n)d keys of footage that is still kept are not in the keyring.", "n"),
    _("The footage of that hour cannot be opened. The keyring is an older copy, or it is damaged."),
    _("Put the keys back from a mirror: “manage.py vault recover”. Never make new keys."),
)  # fmt: skip
_UNKNOWN = Kind(
    KEY_UNKNOWN, "warn", True,
    ngettext_lazy("%(n)d key in the keyring belongs to no hour of the register.",
                  "%(n)d keys in the keyring belong to no hour of the register.", "n"),
    _("The register may be an older copy than the keys: it does not know footage that they still open."),
    _("Finish “manage.py restore” if the register was put back. A key whose hour is over is destroyed with"
      " “fsck --repair key_unknown”; younger ones are left alone."),
)  # fmt: skip
_UNDEAD = Kind(
    KEY_OF_DESTROYED, "bad", False,
    ngettext_lazy("%(n)d key that was destroyed is in the keyring again.",
                  "%(n)d keys that were destroyed are in the keyring again.", "n"),
    _("An older copy of the keyring and of its root has been put back. Copies of footage that a certificate"
      " calls destroyed could be opened again."),
    _("Recover from the newest mirror at once: “manage.py vault recover”. Find out who put the copy back."),
)  # fmt: skip
_DEAD_ROW = Kind(
    ROW_OF_DESTROYED, "warn", True,
    ngettext_lazy("%(n)d recording is on the register, but its key has been destroyed.",
                  "%(n)d recordings are on the register, but their keys have been destroyed.", "n"),
    _("What has no key can never be opened again, and no hold keeps it."),
    _("If the register was put back from a backup, finish “manage.py restore”. Else take them off with"
      " “fsck --repair row_of_destroyed_epoch”."),
)  # fmt: skip
_HELD = Kind(
    HELD_KEY_MISSING,
    "bad",
    False,
    ngettext_lazy("%(n)d hold in force has no key.", "%(n)d holds in force have no key.", "n"),
    _("What it holds opens only while its own retention lasts; after that it is lost."),
    _("Put the records keyring back from a mirror: “manage.py vault recover --reason … records MIRROR”."),
)
_FOREIGN = Kind(
    FOREIGN_FILE, "info", False,
    ngettext_lazy("%(n)d file in the footage storage is not Lethe's.",
                  "%(n)d files in the footage storage are not Lethe's.", "n"),
    _("Lethe never touches foreign files. If one holds pictures, nothing here protects or ends it."),
    _("Look at it, and move it elsewhere if it is yours."),
)  # fmt: skip

# In the order in which a reader should see them.
KINDS = {
    kind.code: kind
    for kind in (
        _UNDEAD, _HELD, _KEY, _MISSING, _HASH, _SIZE, _UNREADABLE, _UNKNOWN, _DEAD_ROW, _ORPHAN, _PART,
        _DERIVED, _KEPT,
        _ORPHAN_PART, _FOREIGN,
    )
}  # fmt: skip
REPAIRABLE = frozenset(code for code, kind in KINDS.items() if kind.repairable)
# What says that footage or a promise is hurt; foreign files alone do not.
HARMLESS = frozenset(code for code, kind in KINDS.items() if kind.tone == "info")
