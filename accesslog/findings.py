"""What verification can find wrong, in words: which entry, what was expected, what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accesslog import entry
from accesslog.types import from_us


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing that is wrong. `index` is the entry, or the first of `until` - `index` suspects.

    `order`: entries that were put into another order would look like this as well.
    """

    index: int
    what: str
    expected: str
    calculated: str
    advice: str
    until: int = 0
    order: bool = False


class Mismatch(Exception):
    """`against`: the anchor that the entries were compared with, if it was one."""

    def __init__(self, finding: Finding, against: Any = None) -> None:
        self.finding = finding
        self.against = against
        super().__init__(finding.what)


def number(value: Any) -> int:
    """The number of an entry out of a cell that may hold anything."""
    return value if isinstance(value, int) and 0 <= value < 2**63 else 0


def raw(value: Any) -> bytes:
    """The bytes of a cell. TypeError for anything else: bytes(n) would be n zeros."""
    if not isinstance(value, bytes | memoryview):
        raise TypeError(type(value).__name__)
    return bytes(value)


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
    return Finding(index, what, _("at least %(n)d µs") % {"n": last_us}, f"{time_us} µs", keep(), order=True)


def strange(index: int, why: str) -> Finding:
    what = _("Something that is stored at entry %(index)d is not what the log writes.") % {"index": index}
    return Finding(index, what, _("values of the kinds that the log writes"), why, keep())


def says_nothing(index: int, kind: str, why: str) -> Finding:
    what = _("Entry %(index)d does not say what an entry of its kind says.") % {"index": index}
    return Finding(index, what, _("the facts of an entry %(kind)s") % {"kind": kind}, why, keep())


def body_changed(index: int, commitment: bytes, why: str) -> Finding:
    what = _("The body of entry %(index)d is not the one that was logged.") % {"index": index}
    return Finding(index, what, commitment.hex(), why, keep())


def body_missing(index: int) -> Finding:
    what = _("The body of entry %(index)d is gone, and no prune entry covers it.") % {"index": index}
    advice = _("Look for who deleted it, and restore the log database from a backup.")
    return Finding(index, what, _("a sealed body, or a later prune entry"), _("neither"), advice)


def event_id(index: int, said: UUID, stored: Any) -> Finding:
    what = _("The event id of entry %(index)d was changed.") % {"index": index}
    return Finding(index, what, str(said), str(stored), keep(), order=True)


def search_rows_changed(index: int, said: Any, stored: Any) -> Finding:
    what = _("The search rows of entry %(index)d were changed, so a search may not find it.") % {
        "index": index
    }
    return Finding(index, what, str(list(said)), str(stored), keep(), order=True)


def mark(index: int, said: Any, marked: Any) -> Finding:
    what = _("The prune marks of entry %(index)d allow more than the entry says.") % {"index": index}
    return Finding(index, what, str(sorted(said, key=str)), str(sorted(marked, key=str)), keep())


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
        start, what % {"first": start, "last": end - 1}, stored.hex(), calculated.hex(), keep(), end, True
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
    return Finding(good, said, stored.hex(), calculated.hex(), advice, size, True)


def with_the_first(finding: Finding, index: int, folder: Path) -> Finding:
    """The same finding, after the published files have told which entry is the first."""
    said = _("The files in %(folder)s show that entry %(index)d is the first.")
    said %= {"folder": folder, "index": index}
    return replace(finding, index=index, what=f"{finding.what} {said}")


def reordered(first: int, last: int, folder: Path, signed: bytes, stored: bytes) -> Finding:
    what = _(
        "The entries %(first)d to %(last)d were reordered: they are those of the files in %(folder)s, at "
        "other places."
    ) % {"first": first, "last": last, "folder": folder}
    return Finding(first, what, signed.hex(), stored.hex(), keep(), last + 1)


def forked(index: int, signed: int, what: str, theirs: bytes, ours: bytes) -> Finding:
    said = _(
        "The log goes on in another way elsewhere: %(anchor)s speaks of %(signed)d entries, and does not "
        "begin with the entries that are here."
    ) % {"anchor": what, "signed": signed}
    advice = _(
        "Keep both. Either entries were rewritten here, or a copy of this machine signs with its key: stop "
        "it. “manage.py log accept-loss” goes on with this database, and says so."
    )
    return Finding(index, said, theirs.hex(), ours.hex(), advice, signed)


def cut_back(size: int, signed: int, what: str, root: bytes | None = None) -> Finding:
    said = _("The log was cut back: %(anchor)s speaks of %(signed)d entries, and there are %(size)d.")
    said %= {"anchor": what, "signed": signed, "size": size}
    advice = _("If a database was put back, run “manage.py log recover”; else look for who removed them.")
    expected = _("at least %(n)d entries") % {"n": signed}
    if root is not None:
        expected = _("%(n)d entries of root %(root)s") % {"n": signed, "root": root.hex()}
    return Finding(size, said, expected, str(size), advice, signed)


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
    except (OverflowError, ValueError, TypeError):  # no date: a clock may say anything
        return f"{time_us} µs"


def row_changed(size: int, expected: str, stored: str) -> Finding:
    what = _("The row of the checkpoint of %(n)d entries in the database was changed.") % {"n": size}
    return Finding(max(size - 1, 0), what, expected, stored, keep())


def note_wrong(size: int, why: str) -> Finding:
    what = _("The checkpoint of %(n)d entries in the database is not one that was signed.") % {"n": size}
    return Finding(max(size - 1, 0), what, _("a note signed by this log, of that size and root"), why, keep())


def cosignature_wrong(size: int, witness: str, why: str) -> Finding:
    what = _("The signature of the witness %(name)s of %(n)d entries does not fit.") % {
        "name": witness[:200], "n": size,
    }  # fmt: skip
    return Finding(max(size - 1, 0), what, _("a signature of that checkpoint"), why, keep())


def memory_damaged(folder: Path) -> Finding:
    what = _("The memory of the log's signer in %(folder)s is damaged.") % {"folder": folder}
    return Finding(
        0, what, _("what was signed last"), _("nothing that can be read"),
        _("“manage.py log recover” makes it anew from the checkpoints that were signed."),
    )  # fmt: skip


def published(index: int, why: str, expected: str, calculated: str) -> Finding:
    what = _("The published files do not fit: %(why)s") % {"why": why}
    advice = _("Outsiders see this. If the rest of the log is whole, publish it anew into an empty folder.")
    return Finding(index, what, expected, calculated, advice)
