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
    try:
        booking.book_reading(decision)
        reached("decision.booked")
        if decision.outcome != Outcome.POSTPONED:
            carrying.carry_out(decision)
            delivering.make_deliveries(decision)
    except TROUBLE:
        log.exception("what follows the decision %s is still to be done", decision.pk)
        return False
    decision.refresh_from_db(fields=["done"])
    decision.done = {**decision.done, FINISHED: True}
    decision.save(update_fields=["done"])
    return True


def tend() -> int:
    """Finish what was cut off; how many."""
    left = Decision.objects.filter(state=DecisionState.SENT).exclude(done__has_key=FINISHED)
    return sum(finish(each) for each in left.select_related("request__site", "proposed_by"))
