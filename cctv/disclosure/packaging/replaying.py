"""What the keys' journal tells an older register of packages: those that have ended stay ended."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from cctv.core import clock
from cctv.disclosure.exports.models import OVER, Export


def ended(facts: Mapping[str, Any], counts: "Counter[str]") -> None:
    """From now on nothing opens; the next run destroys what the backup brought back, and says so once
    more."""
    row = Export.objects.filter(pk=facts["export"]).first()
    if row is None or row.state in OVER:
        return
    row.state, row.ended_at = facts["state"], clock.parse_rfc3339(facts["at"])
    row.work_asked_at = row.lease_token = row.lease_until = None
    row.save()
    counts["packages_ended"] += 1
