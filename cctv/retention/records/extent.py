"""What ends with a class's records before a month: in the log, in the register, in the ledger. Reads only.

| class | in the log | in the register |
|---|---|---|
| access | what entries of the class said, and their search rows | closed viewings, with what they covered |
| permission | the same | roles that ended before (revoked, or run out) |
| ledger | the same | lines of the ledger |

What is still in force has not ended: a role given ten years ago stays on the register, and goes three years
after it was taken back. Certificates hold no personal data and stay.

A row's own date is what the clock of its host said, and a clock that stood years behind would end today's
rows tonight. So a row goes only when its entry lies below the log's mark as well: the log's times never fall.
One whose entry the log does not know waits.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accesslog import pruning
from accesslog.models import LogEntry
from accesslog.selectors import reading
from cctv.footage.models import ViewingSession
from cctv.ledger.models import LedgerLine
from cctv.people.models import RoleGrant
from cctv.retention.records.models import RecordClass
from cctv.vault import services as vault

BATCH = 500


@dataclass(frozen=True, slots=True)
class Extent:
    """How much it is. `keys` are those that end or would end once nothing needs them, by id: their period."""

    record_class: str
    kept_from: str
    below: int
    kinds: dict[str, int]
    rows: int
    keys: dict[str, str]

    @property
    def records(self) -> int:
        """Records of the log."""
        return sum(self.kinds.values())

    @property
    def is_empty(self) -> bool:
        """Whether nothing ends. A key alone may be waiting for a class that is kept longer."""
        return not self.kinds and not self.rows


def extent(record_class: str, kept_from: str) -> Extent:
    """What ends when records of the class are kept from that month on. LogUnavailable, KeyringBroken."""
    scope = pruning.scope(record_class, kept_from)
    rows = sum(len(ids) for _model, ids in rows_of(record_class, kept_from, scope.below))
    return Extent(
        record_class, kept_from, scope.below, scope.kinds, rows, candidate_keys(record_class, kept_from)
    )


def rows_of(record_class: str, kept_from: str, below: int) -> Iterator[tuple[Any, list[UUID]]]:
    """Rows of register and ledger that end with the class, some at a time: their model, their keys.

    By their own date they are before the month `kept_from`, and their entry lies below the mark `below`. What
    was handed out may be deleted before the next is asked for. LogUnavailable.
    """
    rows = _dated_before(record_class, pruning.month_start(kept_from), below).order_by("pk")
    last: UUID | None = None
    while found := list((rows if last is None else rows.filter(pk__gt=last))[:BATCH]):
        last = found[-1].pk
        ended = _logged_below(found, below) if rows.model is RoleGrant else [row.pk for row in found]
        if ended:
            yield rows.model, ended


def _dated_before(record_class: str, before: datetime, below: int) -> "QuerySet[Any]":
    """By their date; those that name their entry, by that too. Only what is needed of each is read."""
    if record_class == RecordClass.ACCESS:
        viewings = ViewingSession.objects.filter(closed_at__lt=before, closed_entry__lt=below)
        return viewings.only("pk")
    if record_class == RecordClass.PERMISSION:
        over = Q(revoked_at__lt=before) | Q(revoked_at=None, valid_until__lt=before)
        return RoleGrant.objects.filter(over).only("pk", "revoked_at")
    return LedgerLine.objects.filter(at__lt=before, entry__lt=below).only("pk")


def _logged_below(grants: list[RoleGrant], below: int) -> list[UUID]:
    """Those whose last entry lies below the mark: it took the role back, or gave it until a day."""
    events = {
        grant.granted_event if grant.revoked_at is None else grant.revoked_event: grant.pk for grant in grants
    }
    with reading():
        known = LogEntry.objects.filter(event_id__in=list(events), index__lt=below)
        return [events[event_id] for event_id in known.values_list("event_id", flat=True)]


def candidate_keys(record_class: str, kept_from: str) -> dict[str, str]:
    """Keys of the class's months before that one, by id: their period.

    Of the months before there were classes too: they end with the last class that used them.
    """
    found = {}
    for key_id, period in vault.log_keys().items():
        month, _dot, of_class = period.partition(".")
        if month < kept_from and of_class in ("", record_class if record_class != RecordClass.ACCESS else ""):
            found[key_id] = period
    return found
