"""What ends with a class's records before a month: in the log, in the register, in the ledger. Reads only.

| class | in the log | in the register |
|---|---|---|
| access | what entries of the class said, and their search rows | closed viewings, with what they covered |
| permission | the same | roles that ended before (revoked, or run out) |
| ledger | the same | lines of the ledger |

What is still in force has not ended: a role given ten years ago stays on the register, and goes three years
after it was taken back. Certificates hold no personal data and stay.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from accesslog import pruning
from cctv.footage.models import ViewingSession
from cctv.ledger.models import LedgerLine
from cctv.people.models import RoleGrant
from cctv.retention.records.models import RecordClass
from cctv.vault import services as vault


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
    rows = rows_of(record_class, pruning.month_start(kept_from)).count()
    return Extent(
        record_class, kept_from, scope.below, scope.kinds, rows, candidate_keys(record_class, kept_from)
    )


def rows_of(record_class: str, before: datetime) -> "QuerySet[Any]":
    """The rows of the register and the ledger that end with the class, when all before that moment does."""
    if record_class == RecordClass.ACCESS:
        return ViewingSession.objects.filter(closed_at__lt=before)
    if record_class == RecordClass.PERMISSION:
        return RoleGrant.objects.filter(Q(revoked_at__lt=before) | Q(revoked_at=None, valid_until__lt=before))
    return LedgerLine.objects.filter(at__lt=before)


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
