"""A record certificate's codes in words, for its page and its document."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cctv.core.clock import parse_rfc3339
from cctv.retention.certificate_words import TONES, Copy
from cctv.retention.records.models import RecordClass
from cctv.templatetags import _times


def result(facts: Mapping[str, Any]) -> str:
    """FAIL when a copy failed, else PASS."""
    return "FAIL" if any(row["result"] == "FAIL" for row in facts["copies"]) else "PASS"


def class_name(record_class: str) -> str:
    """What kind of records it is."""
    return str(RecordClass(record_class).label)


def amount(facts: Mapping[str, Any]) -> str:
    """How many records of the log, and rows beside it."""
    records = ngettext("%(n)s record of the log", "%(n)s records of the log", facts["records"])
    said = [records % {"n": f"{facts['records']:,}"}]
    if facts["rows"]:
        said.append(rows_name(facts["record_class"], facts["rows"]))
    return "; ".join(said)


def rows_name(record_class: str, count: int) -> str:
    """The rows that end with a class, counted."""
    if record_class == RecordClass.ACCESS:
        text = ngettext("%(n)s closed viewing", "%(n)s closed viewings", count)
    elif record_class == RecordClass.PERMISSION:
        text = ngettext("%(n)s ended role", "%(n)s ended roles", count)
    else:
        text = ngettext("%(n)s line of the ledger", "%(n)s lines of the ledger", count)
    return str(text) % {"n": f"{count:,}"}


def rule(facts: Mapping[str, Any]) -> str:
    """By which rule they went."""
    known = facts["rule"]
    months = ngettext("%(n)d month", "%(n)d months", known["months"]) % {"n": known["months"]}
    return _("%(months)s (default)") % {"months": months} if known["default"] else months


def keys(facts: Mapping[str, Any]) -> str:
    """The months whose keys were destroyed."""
    return ", ".join(sorted(facts["keys"].values()))


def keys_left(facts: Mapping[str, Any]) -> str:
    """Which keys stay, and for what."""
    if not facts["keys_left"]:
        return ""
    months = ", ".join(row["period"] for row in facts["keys_left"])
    return _(
        "The keys of %(months)s stay: records that are kept longer are sealed under them. A copy made before"
        " this erasure can be opened until they end too."
    ) % {"months": months}


def copy_rows(facts: Mapping[str, Any]) -> list[Copy]:
    """What was done to each copy."""
    return [_copy(row) for row in facts["copies"]]


def _copy(row: Mapping[str, Any]) -> Copy:
    word = {"PASS": _("Pass"), "FAIL": _("Fail")}.get(row["result"], _("Unknown"))
    place, note = row.get("place", ""), ""
    if row["copy"] == "backup":
        day = _day(row["until"])
        place = f"{place} · " + _("made %(time)s") % {"time": _day(row["made_at"])}
        note = _("It exists until %(day)s, with search rows in clear.") % {"day": day}
        word = _("Until %(day)s") % {"day": day}
    elif row.get("generation"):
        note = _("Generation %(n)d") % {"n": row["generation"]}
    return Copy(
        name=_names().get(row["copy"], row["copy"]), place=place, done=_done().get(row["done"], row["done"]),
        checked=_checked().get(row["checked"], row["checked"]), note=note,
        tone=TONES.get(row["result"], "warn"), word=word, left=0,
    )  # fmt: skip


def _day(text: str) -> str:
    return _times.absolute(parse_rfc3339(text), "date")


def _names() -> dict[str, str]:
    return {
        "log_records": _("What the entries said"),
        "search_rows": _("Search rows of the log"),
        "rows_access": _("Viewings on the register"),
        "rows_permission": _("Ended roles on the register"),
        "rows_ledger": _("Lines of the ledger"),
        "keys": _("Keys of the months"),
        "keys_left": _("Keys that are still needed"),
        "mirror": _("Mirror of the keys"),
        "escrow": _("Escrow for the recovery key"),
        "escrow_elsewhere": _("Copies of an older escrow, taken elsewhere"),
        "backup": _("Backup"),
        "below_file_system": _("What remains below the file system"),
    }


def _done() -> dict[str, str]:
    return {
        "deleted": _("Deleted"),
        "root_overwritten": _("Removed from the keyring; the root key was replaced and overwritten"),
        "root_trimmed": _("Removed from the keyring; the key server deleted the root key that opened it"),
        "replaced": _("Replaced with the new root"),
        "still_needed": _("Kept for records of another kind"),
        "keys_useless": _("Its keys are sealed under roots that no longer exist"),
        "none": _("Nothing can be done from here"),
    }


def _checked() -> dict[str, str]:
    return {
        "absent": _("Asked for again: not there"),
        "read_back": _("Read back after overwriting"),
        "refused": _("Asked the key server for it again: refused"),
        "none": _("Cannot be seen from here"),
    }
