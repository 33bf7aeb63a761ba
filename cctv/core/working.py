"""A lease on a row while somebody works on it: whether the work is still wanted, and still ours."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from cctv.core import clock
from cctv.core.leaving import leaving

# Longer than it takes to link what was seen in an hour, when nothing renews it; a dead worker is found out
# after so long.
LEASE = timedelta(minutes=3)
RENEW_S = 5.0
ASK_S = 0.5


class Watch:
    """`rows` gives the one row while the work is ours and wanted, and nothing after that.

    Its columns: `lease_until`, `work_permille`. `interrupted` is the error of the area for leaving off.
    """

    def __init__(self, rows: QuerySet[Any], interrupted: type[Exception]) -> None:
        self.rows, self._interrupted = rows, interrupted
        self._asked = self._renewed = time.monotonic()
        self._over = False

    def stopped(self) -> bool:
        """Asked often; looks at the database twice a second at most, and renews the lease now and then.

        Also when this process is leaving. What has stopped stays so.
        """
        now = time.monotonic()
        if leaving.is_set():
            self._over = True
        elif not self._over and now - self._asked >= ASK_S:
            self._asked = now
            if now - self._renewed >= RENEW_S:
                self._renewed = now
                self._over = not self.rows.update(lease_until=clock.now() + LEASE)
            else:
                self._over = not self.rows.exists()
        return self._over

    def note(self, permille: int) -> None:
        """How far it is; the lease goes on. Interrupted when it is not ours any more."""
        if not self.rows.update(work_permille=permille, lease_until=clock.now() + LEASE):
            raise self._interrupted

    def fence(self) -> None:
        """Lock the row, in the transaction that commits a part; Interrupted unless the work is ours."""
        if self.rows.select_for_update(of=("self",)).values_list("pk").first() is None:
            raise self._interrupted
