"""Ends of records that stand still, for the doctor."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext as _

from cctv.core import clock
from cctv.core.doctor import Finding, ok, register, warn
from cctv.retention.records import ending
from cctv.retention.records.models import RecordErasure

# It is tried hourly: what is not done after this long waits for somebody.
PATIENCE = timedelta(days=2)


@register
def records_end() -> Iterator[Finding]:
    """Did what was to end of log and ledger end?"""
    rows = RecordErasure.objects.exclude(state=ending.DONE).filter(started_at__lt=clock.now() - PATIENCE)
    for row in rows.order_by("started_at"):
        why = row.facts.get("stands_still") or ""
        if row.state == ending.STARTED and not why:
            continue  # the rule was made longer: it waits on purpose
        if row.state == ending.KEYS and not why:
            why = _("A mirror of the keys has not confirmed that the old root is overwritten.")
        yield warn(
            "records.stands_still",
            _("The end of records %(number)s stands still: %(why)s") % {"number": row.number, "why": why},
            why=_("What entries said is to be gone once its time is over."),
            mend=_("Mend what it names; it goes on by itself within the hour."),
        )  # fmt: skip
    if not rows.exists():
        yield ok("records.ended", _("No end of records stands still."))
