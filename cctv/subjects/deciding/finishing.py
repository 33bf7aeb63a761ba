"""What follows a decision that was sent: ledger, what is carried out, copies. Repeated until all is done."""

import logging

from django.db import DatabaseError

from accesslog.errors import AccessLogError
from cctv.core.errors import LetheError
from cctv.subjects.deciding import booking
from cctv.subjects.deciding.models import Decision, DecisionState, Outcome
from cctv.subjects.delivering import carrying
from cctv.subjects.delivering import services as delivering
from cctv.vault.steps import reached

log = logging.getLogger("lethe.subjects")
FINISHED = "finished"
TROUBLE = (LetheError, AccessLogError, DatabaseError, OSError)


def finish(decision: Decision) -> bool:
    """All that follows; False if something of it has to be tried again. Never raises what a tick repairs."""
    is_done = True
    try:
        if decision.outcome != Outcome.POSTPONED:
            delivering.end_earlier(decision)
        booking.book_reading(decision)
        reached("decision.booked")
        if decision.outcome != Outcome.POSTPONED:
            delivering.make_deliveries(decision)
            is_done = carrying.carry_out(decision)
    except TROUBLE:
        log.exception("what follows the decision %s is still to be done", decision.pk)
        return False
    if is_done:
        carrying.note(decision, FINISHED, True)
    return is_done


def tend() -> int:
    """Finish what was cut off; how many."""
    left = Decision.objects.filter(state=DecisionState.SENT).exclude(done__has_key=FINISHED)
    return sum(finish(each) for each in left.select_related("request__site", "proposed_by"))
