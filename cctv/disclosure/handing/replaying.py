"""What a restore ends: an older register may not know which links and exports were called off since."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from accesslog.services import append
from cctv.core import clock
from cctv.disclosure.exports.models import Export, ExportState
from cctv.disclosure.handing import events
from cctv.disclosure.handing.models import HandOver, Way
from cctv.disclosure.packaging.errors import PackagingFailed, named

RESTORED = "register_restored"
# An entry is bounded; the exports' own pages show each link's end.
MOST_NAMED = 500


def after_restore(counts: "Counter[str]") -> None:
    """Links open nothing any more: neither their end nor what was counted of them is in the keys' journal.

    What waited to be packaged waits for a person, who compares it with the log and tries again.
    """
    now = clock.now()
    links = HandOver.objects.filter(way=Way.LINK, ended_at=None)
    _enter(links.values_list("export__number", flat=True))
    counts["links_ended"] += links.update(ended_at=now)
    waiting = Export.objects.filter(state=ExportState.APPROVED, work_asked_at__isnull=False)
    counts["packages_stopped"] += waiting.update(
        work_asked_at=None, lease_token=None, lease_until=None, error_code=RESTORED,
        error=named(PackagingFailed())[1],
    )  # fmt: skip


def _enter(numbers: Iterable[str]) -> None:
    """Say in the log which exports had links that end now; the entry comes first."""
    known = sorted(numbers)
    if known:
        body: dict[str, Any] = {"count": len(known), "exports": list(dict.fromkeys(known))[:MOST_NAMED]}
        append(kind=events.RESTORED, body=body)
