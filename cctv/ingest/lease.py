"""One worker sweeps a folder at a time, by a lease in the source's row (works on any database).

Two workers on one file would do no harm (the duplicate tag settles it) but the work twice.
"""

import time
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from cctv.core import clock
from cctv.ingest.models import Source

LEASE = timedelta(seconds=30)
RENEW_EACH_S = 5.0


class Lease:
    """The right to sweep one source, for a while."""

    def __init__(self, source_id: UUID) -> None:
        """Nothing is held yet."""
        self.source_id = source_id
        self._until: datetime | None = None
        self._renewed = 0.0

    def acquire(self) -> bool:
        """Take the lease if it is free, has run out, or was taken by a clock that ran ahead."""
        now = clock.now()
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=now) | Q(lease_until__gt=now + 2 * LEASE)
        self._until = now + LEASE
        self._renewed = time.monotonic()
        return Source.objects.filter(free, pk=self.source_id).update(lease_until=self._until) == 1

    def renew(self) -> None:
        """Prolong it now and then; call as often as you like."""
        if time.monotonic() - self._renewed < RENEW_EACH_S:
            return
        until = clock.now() + LEASE
        Source.objects.filter(pk=self.source_id, lease_until=self._until).update(lease_until=until)
        self._until, self._renewed = until, time.monotonic()

    def release(self) -> None:
        """Give it back, unless somebody else has taken it over."""
        Source.objects.filter(pk=self.source_id, lease_until=self._until).update(lease_until=None)
