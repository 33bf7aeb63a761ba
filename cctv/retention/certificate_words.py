"""A certificate's codes in words, of both formats, for its page and its document."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cctv.core.clock import parse_rfc3339
from cctv.templatetags import _times

TONES = {"PASS": "ok", "FAIL": "bad"}


@dataclass(frozen=True, slots=True)
class Copy:
    """A line of the table of copies."""

    name: str
    place: str
    done: str
    checked: str
    note: str
    tone: str
    word: str
    left: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The results of all copies together: FAIL when one failed; `unknown` could not be looked at."""

    result: str
    passed: int
    unknown: int


def verdict(facts: Mapping[str, Any]) -> Verdict:
    """How the destruction went, over all copies."""
    results = [row["result"] for row in facts["copies"]]
    result = "FAIL" if "FAIL" in results else "PASS"
    return Verdict(result, results.count("PASS"), results.count("UNKNOWN"))


def recorded(facts: Mapping[str, Any]) -> tuple[datetime, datetime] | None:
    """From the first start to the last end of what was recorded."""
    if not facts["cameras"]:
        return None
    first = min(row["from"] for row in facts["cameras"])
    last = max(row["to"] for row in facts["cameras"])
    return parse_rfc3339(first), parse_rfc3339(last)


def why(facts: Mapping[str, Any]) -> str:
    """The ground, for how long it had been kept, and the granted requests that are part of it."""
    references = ", ".join(row["reference"] for row in facts.get("erasures", []))
    if not references:
        return _time_over(facts)
    # How long all of it was kept says nothing of the part that had lasted its time.
    said: str = _("Erased because a request was granted (%(reference)s).")
    if facts.get("ground") != "erased_on_request":
        said = _(
            "Part of it was past its time; part was erased because a request was granted (%(reference)s)."
        )
    return said % {"reference": references}


def _time_over(facts: Mapping[str, Any]) -> str:
    if facts.get("ground") == "hold_ended":
        return _("The hold on it ended, and its time was over.")
    days = [day for row in facts["cameras"] for day in row["kept_days"]]
    if not days:
        return _("Its time was over.")
    if min(days) == max(days):
        return ngettext("Its %(n)d day was over.", "Its %(n)d days were over.", days[0]) % {"n": days[0]}
    return _("Its %(low)d to %(high)d days were over.") % {"low": min(days), "high": max(days)}


def performed(facts: Mapping[str, Any]) -> str:
    """Who carried it out, and who released it."""
    words = {
        "manual": _("Run started by hand."),
        "release": _("Automatic run after a hold ended."),
        "request": _("Automatic run after an erasure was decided by the privacy officer."),
    }.get(facts["trigger"], _("Automatic run."))
    if facts.get("confirmed_by"):
        words += " " + _("Released by the privacy officer after a pause.")
    return words


def verified(facts: Mapping[str, Any]) -> str:
    """How it was checked, and by whom."""
    verifier = facts.get("verification", {}).get("verifier", "Lethe")
    return _("Each object asked for again after its deletion, the new root read back (%(by)s, automatic)") % {
        "by": verifier
    }


def method(facts: Mapping[str, Any]) -> str:
    """Method, technique and tool, as NIST SP 800-88 asks for them."""
    said: str = _("Purge: cryptographic erase and deletion, %(standard)s; %(tool)s %(version)s")
    return said % dict(facts["method"])


def medium(facts: Mapping[str, Any]) -> str:
    """Kind of medium and classification; "" for certificates that did not say it."""
    if "medium" not in facts:
        return ""
    where = {
        "object_storage": _("Sealed video segments in an object store"),
        "file_system": _("Sealed video segments in a file system"),
    }[facts["medium"]["storage"]]
    return _("%(medium)s; personal data (video of persons)") % {"medium": where}


def rules(facts: Mapping[str, Any]) -> list[str]:
    """The retention rules that were in force."""
    zone = facts["site"]["time_zone"]
    said = []
    for row in facts.get("rules", []):
        days = ngettext("%(n)d day", "%(n)d days", row["days"]) % {"n": row["days"]}
        scope = {
            "organisation": _("whole organisation"),
            "site": _("this site"),
            "default": _("default of the law"),
        }.get(row["scope"], row["camera"])
        since = ""
        if row["effective_from"]:
            since = _("since %(day)s") % {"day": moment(row["effective_from"], zone, "date")}
        said.append(", ".join(part for part in (f"{scope}: {days}", since) if part))
    return said


def held(facts: Mapping[str, Any]) -> str:
    """What stays because a hold protects it; "" when nothing does."""
    kept = facts.get("held", {"segments": 0, "quarantined": 0, "holds": []})
    count = kept["segments"] + kept["quarantined"]
    if not count:
        return ""
    return ngettext(
        "%(n)d segment stays because it is on hold (%(holds)s).",
        "%(n)d segments stay because they are on hold (%(holds)s).",
        count,
    ) % {"n": count, "holds": ", ".join(kept["holds"])}


def copy_rows(facts: Mapping[str, Any]) -> list[Copy]:
    """What was done to each copy."""
    return [_copy(row, facts["site"]["time_zone"]) for row in facts["copies"]]


def _copy(row: Mapping[str, Any], zone: str) -> Copy:
    words = {"PASS": _("Pass"), "FAIL": _("Fail")}.get(row["result"], _("Unknown"))
    place = row.get("place", "")
    checked, note = _checked().get(row["checked"], row["checked"]), ""
    if row["copy"] == "backup":
        made = moment(row["made_at"], zone)
        place = f"{place} · " + _("made %(time)s") % {"time": made} if place else made
        day = moment(row["until"], zone, "date")
        note = _("It exists until %(day)s.") % {"day": day}
        if row["result"] == "UNKNOWN":
            words = _("Until %(day)s") % {"day": day}
    elif row["checked"] == "none" and row["copy"] == "source":
        checked = _("A deleted file’s content can remain on that disk for a while")
    return Copy(
        name=_names().get(row["copy"], row["copy"]), place=place, done=_done().get(row["done"], row["done"]),
        checked=checked, note=note, tone=TONES.get(row["result"], "warn"), word=words,
        left=row.get("left", 0),
    )  # fmt: skip


def _names() -> dict[str, str]:
    return {
        "ciphertext": _("Sealed footage"),
        "derivatives": _("Indexes, thumbnails and whatever was made of the footage"),
        "keys": _("Keys"),
        "hold_keys": _("Keys of ended holds"),
        "mirror": _("Mirror of the keys"),
        "backup": _("Backup"),
        "source": _("Folder of the recorder"),
        "upload": _("Upload by the recorder"),
        "below_file_system": _("What remains below the file system"),
    }


def _done() -> dict[str, str]:
    return {
        "deleted": _("Deleted"),
        "root_overwritten": _("Removed from the keyring; the root key was replaced and overwritten"),
        "root_trimmed": _("Removed from the keyring; the key server deleted the root key that opened it"),
        "root_elsewhere": _("No root key ever lay on a disk of this system"),
        "keys_useless": _("Its keys are sealed under roots that no longer exist"),
        "file_deleted": _("Clear files deleted once they were sealed"),
        "sealed_on_receipt": _("Sealed while it was received"),
        "none": _("Nothing can be done from here"),
    }


def _checked() -> dict[str, str]:
    return {
        "absent": _("Asked for again: not there"),
        "read_back": _("Read back after overwriting"),
        "refused": _("Asked the key server for it again: refused"),
        "holds_no_footage": _("Holds wrapped keys, and none of this footage."),
        "in_memory": _("The folder lies in memory, not on a disk"),
        "never_in_clear": _("Never lay on a disk of this system in clear"),
        "none": _("Cannot be seen from here; without the keys it opens nothing"),
    }


def moment(text: str, zone: str, style: str = "datetime") -> str:
    """A time of the facts on the site's clocks."""
    return _times.absolute(_times.localise(parse_rfc3339(text), ZoneInfo(zone)), style)


def span(first: str, last: str, zone: str, *, seconds: bool = False) -> str:
    """A span of the facts on the site's clocks."""
    known = ZoneInfo(zone)
    start, end = (_times.localise(parse_rfc3339(text), known) for text in (first, last))
    return " ".join(_times.span(start, end, seconds=seconds))
