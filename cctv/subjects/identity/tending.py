"""What each tick does for checks: finish verdicts, end what is over, leave neither key nor picture behind."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from cctv.core import clock
from cctv.retention import guards
from cctv.subjects.identity import destroying, settling
from cctv.subjects.identity.destroying import OPEN, TROUBLE
from cctv.subjects.identity.models import CheckState, IdentityCheck
from cctv.subjects.identity.papers import LABEL
from cctv.subjects.requests import mails
from cctv.subjects.requests.models import RequestState
from cctv.vault import records
from cctv.vault import services as vault

log = logging.getLogger("lethe.subjects")

# Whoever has begun to show who they are has so long to go on.
FINISH_WITHIN = timedelta(days=14)
# A key without papers: its picture was cut off before the row.
ORPHAN_AFTER = timedelta(days=1)
TOO_OLD, OVER = "too_old", "over"


def tend() -> None:
    """One tick. What was judged is finished by any clock; what ends by itself only by a trusted one."""
    for row in settling.unfinished().select_related("site", "hold"):
        try:
            settling.clock_goes_on(row)
        except TROUBLE:
            log.exception("the clock of request %s still stands", row.reference)
    now = clock.now()
    if guards.trusted(now):
        _end_old(now)
        for check in _not_wanted():
            destroying.close(check, OVER)
    for check in destroying.unfinished():
        destroying.attempt(check)
    if guards.trusted(now):
        _sweep(now)


def _end_old(now: datetime) -> None:
    """What nobody has gone on with; whoever still wants to begins anew."""
    old = IdentityCheck.objects.filter(state=CheckState.ASKED, asked_at__lte=now - FINISH_WITHIN)
    for check in old.select_related("request"):
        had_papers = check.papers.exists()
        if destroying.close(check, TOO_OLD) and had_papers and not check.for_secret:
            mails.queue(check.request, "identity", f"request/{check.request_id}/identity/{check.pk}")


def _not_wanted() -> list[IdentityCheck]:
    """Open ones whose request waits for them no more: settled, withdrawn, closed, decided, ended."""
    waits = Q(for_secret=False) & settling.awaited()
    secret = Q(for_secret=True) & ~Q(request__state=RequestState.ENDED)
    return list(IdentityCheck.objects.filter(state__in=OPEN).exclude(waits | secret))


def _sweep(now: datetime) -> None:
    """Keys that no open check has."""
    found = records.labelled(LABEL, before=now - ORPHAN_AFTER)
    if not found:
        return
    ids = {label: _uuid(label.removeprefix(LABEL)) for label in found}
    used = IdentityCheck.objects.filter(pk__in=[each for each in ids.values() if each])
    kept = set(used.filter(Q(state__in=OPEN) | ~Q(key_id="")).values_list("pk", flat=True))
    strange = [found[label] for label, pk in ids.items() if pk not in kept]
    if strange:
        vault.destroy_record_keys(strange)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
