"""The end of placing: counts, entry, mail. Done by whoever placed the hold, or by the next tick."""

from uuid import UUID

from django.db import transaction

from cctv.retention.holds import letters, taking, telling
from cctv.retention.holds.models import HeldObject, Hold, HoldState
from cctv.vault.steps import reached


def finish(hold_id: UUID) -> None:
    """Tell journal, log and approvers of a hold that has taken what it could. Safe to repeat."""
    with transaction.atomic():
        hold = Hold.objects.select_for_update().get(pk=hold_id)
        noted = any(each["what"] == telling.PLACED for each in hold.pending)
        if hold.placed_entry is None and not noted:
            hold.too_late = taking.count_too_late(hold)
            hold.save(update_fields=["too_late"])
            held = HeldObject.objects.filter(hold=hold).count()
            needs = hold.state == HoldState.PLACED
            telling.note(hold, telling.PLACED, held=held, too_late=hold.too_late, needs=needs)
    reached("hold.taken")
    telling.tell(hold_id)
    hold = Hold.objects.select_related("site", "placed_by").get(pk=hold_id)
    if hold.state == HoldState.PLACED:
        letters.to_confirm(hold)
    reached("hold.placed")
