"""The lock that holds and purges take in turn: an object is either held or purged, never half.

Whatever changes what is protected does so in one transaction under this lock, and moves the version.
A purge run that was planned under an older version does not begin (`purge`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.db.models import F

from cctv.retention.holds.models import HoldGate
from cctv.retention.models import PurgeRun, RunState

# From its beginning a run has claimed what expired by its cutoff; only planned, it has claimed nothing.
CLAIMING = (RunState.STARTED, RunState.RATCHETED, RunState.DELETED)


@contextmanager
def locked() -> Iterator[None]:
    """A transaction that begins with the lock and ends with its commit."""
    with transaction.atomic():
        HoldGate.objects.get_or_create(pk=1)
        HoldGate.objects.select_for_update().get(pk=1)
        yield


def moved() -> None:
    """Protection changes with this transaction; call under the lock."""
    HoldGate.objects.filter(pk=1).update(version=F("version") + 1)


def claimed_until() -> datetime | None:
    """What expired up to this moment belongs to the run under way; ask under the lock."""
    runs = PurgeRun.objects.filter(is_open=True, state__in=CLAIMING)
    return runs.values_list("cutoff_at", flat=True).first()
