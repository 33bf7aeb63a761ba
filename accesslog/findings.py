"""What verification can find wrong, in words: which entry, what was expected, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accesslog import entry
from accesslog.types import from_us


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing that is wrong. `index` is the entry, or the first of `until` - `index` suspects."""

    index: int
    what: str
    expected: str
    calculated: str
    advice: str
    until: int = 0


class Mismatch(Exception):
    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.what)


def keep() -> str:
    return _("Keep the database as it is, and compare it with a backup and with checkpoints kept elsewhere.")


def missing(index: int, until: int) -> Finding:
    what = _("Entries are missing: the first of them is entry %(index)d.") % {"index": index}
    return Finding(index, what, _("entry %(n)d") % {"n": index},
                   _("nothing before entry %(n)d") % {"n": until}, keep(), until)  # fmt: skip


def leaf(index: int, stored: bytes, calculated: bytes) -> Finding:
    what = _("The bytes of entry %(index)d, or its leaf hash, were changed.") % {"index": index}
    return Finding(index, what, stored.hex(), calculated.hex(), keep())


def undecodable(index: int, why: str) -> Finding:
    what = _("Entry %(index)d is not an entry of a known version.") % {"index": index}
    return Finding(index, what, _("an entry of version %(n)d") % {"n": entry.VERSION}, why, keep())


def columns(index: int, said: str, stored: str) -> Finding:
    what = _("The kind or time that entry %(index)d is searched by differs from its bytes.") % {
        "index": index
    }
    return Finding(index, what, said, stored, keep())


def time_fell(index: int, last_us: int, time_us: int) -> Finding:
    what = _("Entry %(index)d is older than the entry before it: entries were reordered.") % {"index": index}
    return Finding(index, what, _("at least %(n)d µs") % {"n": last_us}, f"{time_us} µs", keep())


def body_changed(index: int, commitment: bytes, why: str) -> Finding:
    what = _("The body of entry %(index)d is not the one that was logged.") % {"index": index}
    return Finding(index, what, commitment.hex(), why, keep())


def body_missing(index: int) -> Finding:
    what = _("The body of entry %(index)d is gone, and no prune entry covers it.") % {"index": index}
    advice = _("Look for who deleted it, and restore the log database from a backup.")
    return Finding(index, what, _("a sealed body, or a later prune entry"), _("neither"), advice)


def event_id(index: int, said: UUID, stored: UUID) -> Finding:
    what = _("The event id of entry %(index)d was changed.") % {"index": index}
    return Finding(index, what, str(said), str(stored), keep())


def search_rows_changed(index: int, said: Any, stored: Any) -> Finding:
    what = _("The search rows of entry %(index)d were changed, so a search may not find it.") % {
        "index": index
    }
    return Finding(index, what, str(list(said)), str(stored), keep())


def mark(index: int, said: Any, marked: Any) -> Finding:
    what = _("The prune marks of entry %(index)d allow more than the entry says.") % {"index": index}
    return Finding(index, what, str(sorted(said)), str(sorted(marked)), keep())


def recovery_wrong(index: int, why: str) -> Finding:
    what = _(
        "Entry %(index)d says that entries were recovered, but names no checkpoint that covers them."
    ) % {"index": index}
    return Finding(index, what, _("a checkpoint of this log, of at least as many entries"), why, keep())


def tree(start: int, end: int, stored: bytes, calculated: bytes) -> Finding:
    what = _(
        "Between entries %(first)d and %(last)d, entries were rewritten or reordered with their leaf hashes."
    )
    return Finding(
        start, what % {"first": start, "last": end - 1}, stored.hex(), calculated.hex(), keep(), end
    )


def head_time(size: int, entry_us: int, head_us: int) -> Finding:
    what = _("The head's time is not that of the last entry.")
    return Finding(max(size - 1, 0), what, f"{entry_us} µs", f"{head_us} µs", keep())


def bad_head(why: str) -> Finding:
    what = _("The head of the log is missing or malformed.")
    return Finding(0, what, _("one head that fits its size"), why, keep())


def beyond(size: int, last: int, now: int) -> Finding:
    what = _("There are entries beyond the head: the head was set back to %(size)d.") % {"size": size}
    return Finding(now, what, _("at least %(n)d entries under the head") % {"n": last + 1}, str(size), keep())


def rewritten(good: int, size: int, what: str, stored: bytes, calculated: bytes) -> Finding:
    said = _(
        "Among the entries %(first)d to %(last)d, some were rewritten after they were signed: %(anchor)s has "
        "another root."
    )
    said %= {"first": good, "last": max(size - 1, 0), "anchor": what}
    advice = _("Compare with a backup and with the published files; the signed root shows which are right.")
    return Finding(good, said, stored.hex(), calculated.hex(), advice, size)


def cut_back(size: int, signed: int, what: str) -> Finding:
    said = _("The log was cut back: %(anchor)s speaks of %(signed)d entries, and there are %(size)d.")
    said %= {"anchor": what, "signed": signed, "size": size}
    advice = _("If a database was put back, run “manage.py log recover”; else look for who removed them.")
    return Finding(size, said, _("at least %(n)d entries") % {"n": signed}, str(size), advice, signed)


def clock_ahead(index: int, what: str, entry_us: int, anchor_us: int) -> Finding:
    said = _("Entry %(index)d bears a time after %(anchor)s was signed over it: the clock was moved.")
    said %= {"index": index, "anchor": what}
    return Finding(index, said, _("at most %(time)s") % {"time": _utc(anchor_us)}, _utc(entry_us), _clock())


def clock_behind(index: int, what: str, entry_us: int, anchor_us: int) -> Finding:
    said = _("Entry %(index)d bears a time before %(anchor)s was signed below it: the clock was moved.")
    said %= {"index": index, "anchor": what}
    return Finding(index, said, _("at least %(time)s") % {"time": _utc(anchor_us)}, _utc(entry_us), _clock())


def _clock() -> str:
    return _(
        "The entries are in their order, but do not trust their times between the checkpoints around them."
    )


def _utc(time_us: int) -> str:
    try:
        return from_us(time_us).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError):  # no date: a clock may say anything
        return f"{time_us} µs"


def note_wrong(size: int, why: str) -> Finding:
    what = _("The checkpoint of %(n)d entries in the database is not one that was signed.") % {"n": size}
    return Finding(max(size - 1, 0), what, _("a note signed by this log, of that size and root"), why, keep())


def cosignature_wrong(size: int, witness: str, why: str) -> Finding:
    what = _("The signature of the witness %(name)s of %(n)d entries does not fit.") % {
        "name": witness, "n": size,
    }  # fmt: skip
    return Finding(max(size - 1, 0), what, _("a signature of that checkpoint"), why, keep())


def published(index: int, why: str, expected: str, calculated: str) -> Finding:
    what = _("The published files do not fit: %(why)s") % {"why": why}
    advice = _("Outsiders see this. If the rest of the log is whole, publish it anew into an empty folder.")
    return Finding(index, what, expected, calculated, advice)
