"""An end of records, carried from step to step; its row is the job, and a kill between any two costs nothing.

    started   row, number and extent are committed              repeat: the same row
    pruned    `log.prune`, its marks, records gone and absent   repeat: what the entry says
    cut       rows of the register and the ledger gone          repeat: what is gone is not found
    keys      the ids of the keys that nothing needs any more   repeat: the ratchet finds them gone
    keyless   those keys destroyed, each mirror has confirmed   –
    issued    the certificate's facts and their hash            repeat: the same signature
    done      signed, in the journal, `records.erased` logged   –

Waits where it must: while a mirror has not confirmed (state "keys"), or when the rule was made longer before
anything was logged (state "started").
"""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction

from accesslog import pruning
from accesslog.canonical import encode
from accesslog.services import append
from cctv.core import clock
from cctv.core.numbering import create_numbered
from cctv.footage.marks.models import Still
from cctv.footage.models import CoveredSpan, ViewedSpan, ViewingSession
from cctv.retention import entries
from cctv.retention.records import facts as gathered
from cctv.retention.records import rules
from cctv.retention.records.events import ERASED
from cctv.retention.records.extent import Extent, candidate_keys, rows_of
from cctv.retention.records.models import RecordErasure
from cctv.vault import journal, signing
from cctv.vault import services as vault
from cctv.vault.steps import reached

STARTED, PRUNED, CUT, KEYS, KEYLESS, ISSUED, DONE = (
    "started", "pruned", "cut", "keys", "keyless", "issued", "done",
)  # fmt: skip
JOURNALLED = "records"


def begin(what: Extent, now: datetime) -> RecordErasure:
    """The row with its number: "LC-2026-0001". Numbers have no gaps, and are never deleted."""

    def make(sequence: int) -> RecordErasure:
        return RecordErasure(
            year=now.year, sequence=sequence, number=f"LC-{now.year}-{sequence:04d}",
            record_class=what.record_class, kept_from=what.kept_from, below=what.below, started_at=now,
            facts={"kinds": what.kinds, "rows": what.rows},
        )  # fmt: skip

    row = create_numbered(RecordErasure, year=now.year, make=make, above=_last_journalled(now.year))
    reached("records.started")
    return row


def _last_journalled(year: int) -> int:
    """The highest number of the year that the journal knows: a register put back may not know it yet."""
    numbers = [line.facts["number"].split("-") for line in journal.read() if line.kind == JOURNALLED]
    return max((int(number) for _lc, of_year, number in numbers if int(of_year) == year), default=0)


def carry_on(row: RecordErasure, now: datetime) -> RecordErasure:
    """Take the row as far as it goes now. Errors of log, vault and database come through."""
    while (step := STEPS.get(row.state)) is not None and step(row, now):
        row = RecordErasure.objects.get(pk=row.pk)
    return RecordErasure.objects.get(pk=row.pk)


def _advance(row: RecordErasure, to: str, facts: dict[str, Any] | None = None, **values: Any) -> bool:
    """Compare and swap to the next state; whoever comes second goes on from what the first has written."""
    row.facts.pop("stands_still", None)
    values["facts"] = row.facts | (facts or {})
    RecordErasure.objects.filter(pk=row.pk, state=row.state).update(state=to, **values)
    reached(f"records.{to}")
    return True


def _prune(row: RecordErasure, now: datetime) -> bool:
    """started → pruned."""
    months = rules.in_force(row.record_class, now).months
    if row.kept_from > pruning.first_kept_month(now, months):
        return False  # the rule was made longer meanwhile
    done = pruning.prune(
        row.record_class, row.kept_from, months=months, trusted_now=now, reason=row.number,
        reached=lambda step: reached(f"records.{step}"),
    )  # fmt: skip
    entry = None if done.entry == pruning.NOTHING else done.entry
    return _advance(row, PRUNED, {"months": months}, prune_entry=entry, below=done.below)


def _cut(row: RecordErasure, _now: datetime) -> bool:
    """pruned → cut: the rows that say the same elsewhere."""
    for rows, ids in rows_of(row.record_class, row.kept_from, row.below):
        with transaction.atomic():
            if rows is ViewingSession:  # by thousands: without looking for what refers to them
                # A still that a hold has kept this long is opened by nothing but the hold.
                for model in (CoveredSpan, ViewedSpan, Still):
                    spans = model._default_manager.filter(session__in=ids)
                    spans._raw_delete(spans.db)
            rows._default_manager.filter(pk__in=ids).delete()
        reached("records.cut-batch")
    return _advance(row, CUT)


def _choose_keys(row: RecordErasure, _now: datetime) -> bool:
    """cut → keys: which keys nothing needs any more, and which stay for what is kept longer."""
    candidates = candidate_keys(row.record_class, row.kept_from)
    # Nothing above the mark is sealed under a key of a month before it: the mark is that month's end.
    needed = pruning.left_below(max(row.below, pruning.index_at(pruning.month_start(row.kept_from))))
    free = {key_id: period for key_id, period in candidates.items() if key_id not in needed}
    left = [
        {"key_id": key_id, "period": period, "kinds": list(needed[key_id])}
        for key_id, period in sorted(candidates.items(), key=lambda each: each[1])
        if key_id in needed
    ]
    return _advance(row, KEYS, {"keys": free, "keys_left": left})


def _destroy_keys(row: RecordErasure, _now: datetime) -> bool:
    """keys → keyless: one ratchet; stays until every mirror and every living process has let go."""
    facts: dict[str, Any] = {"mirrors": [], "escrow": gathered.escrows()}
    if row.facts["keys"]:
        done = vault.destroy_log_keys(row.facts["keys"])
        reached("records.ratcheted")
        facts = {
            "generation_before": done.generation_before,
            "generation_after": done.generation_after,
            "mirrors": entries.witnesses(done, ring="records"),
            "escrow": gathered.escrows(),
            "keys_destroyed_at": row.facts.get("keys_destroyed_at") or clock.rfc3339(clock.now()),
        }
        if not done.complete:
            RecordErasure.objects.filter(pk=row.pk, state=row.state).update(facts=row.facts | facts)
            return False
    return _advance(row, KEYLESS, facts)


def _issue(row: RecordErasure, _now: datetime) -> bool:
    """keyless → issued: the certificate's facts, once."""
    now = clock.now()
    facts = gathered.gather(row, now)
    digest = sha256(encode(facts)).digest()
    values = {"facts": facts, "facts_sha256": digest, "issued_at": now}
    RecordErasure.objects.filter(pk=row.pk, state=row.state).update(state=ISSUED, **values)
    reached("records.issued")
    return True


def _tell(row: RecordErasure, _now: datetime) -> bool:
    """issued → done: signature, journal, log; a second line of the journal is read as one."""
    digest = bytes(row.facts_sha256)
    signature = row.signature or signing.sign_note(note_lines(row.number, digest))
    RecordErasure.objects.filter(pk=row.pk).update(signature=signature)
    reached("records.signed")
    journal.append(JOURNALLED, {"number": row.number, "facts": row.facts, "signature": signature})
    reached("records.journalled")
    receipt = append(
        kind=ERASED,
        body={
            "number": row.number, "record_class": row.record_class, "kept_from": row.kept_from,
            "records": row.facts["records"], "sha256": digest.hex(), "keys": len(row.facts["keys"]),
            "prune_entry": row.prune_entry,
        },
        event_id=row.pk,
    )  # fmt: skip
    reached("records.logged")
    return _advance(row, DONE, entry=receipt.index)


def note_lines(number: str, facts_sha256: bytes) -> list[str]:
    """What the signature is over."""
    return [gathered.FORMAT, number, facts_sha256.hex()]


STEPS: dict[str, Callable[[RecordErasure, datetime], bool]] = {
    STARTED: _prune, PRUNED: _cut, CUT: _choose_keys, KEYS: _destroy_keys, KEYLESS: _issue, ISSUED: _tell,
}  # fmt: skip
