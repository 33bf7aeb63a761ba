"""What the doctor asks of requests: is what was promised still held, and is what has ended gone?"""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from cctv.core import clock
from cctv.core.doctor import Finding, bad, ok, register, warn
from cctv.retention.holds.models import PROTECTING, Hold
from cctv.subjects.deciding.models import Decision, DecisionState
from cctv.subjects.requests.limits import FROZEN_KINDS
from cctv.subjects.requests.models import RequestState, SubjectRequest
from cctv.vault import rings

# A tick is a minute; a receipt that was cut off is finished by the next.
PATIENCE = timedelta(minutes=10)
SHOWN = 20


@register
def requests() -> Iterator[Finding]:
    """Do receipts hold what they say, and do files end?"""
    found = [*_not_held(), *_strange_holds(), *_unreadable(), *_unanswered(), *_not_ended()]
    yield from found
    if not found:
        yield ok("requests.fine", _("The footage of each standing request is held, and old files are gone."))


def _not_held() -> Iterator[Finding]:
    standing = SubjectRequest.objects.filter(
        state__in=(RequestState.IDENTITY, RequestState.OPEN), kind__in=FROZEN_KINDS,
        received_at__lt=clock.now() - PATIENCE,
    )  # fmt: skip
    holds = Hold.objects.filter(
        case=OuterRef("reference"), site=OuterRef("site"), placed_by=None, state__in=PROTECTING
    )
    for row in standing.exclude(Exists(holds)).order_by("reference")[:SHOWN]:
        yield bad(
            "requests.not_held",
            _("No hold keeps the footage of request %(reference)s.") % {"reference": row.reference},
            why=_("Its requester was told that deletion has been stopped."),
            mend=_("The next tick holds what is left, if the keys and the log are there; look again then."),
        )


def _strange_holds() -> Iterator[Finding]:
    """A register that was put back may know a hold by the journal, and not the request."""
    known = SubjectRequest.objects.filter(reference=OuterRef("case"))
    strange = Hold.objects.filter(placed_by=None, state__in=PROTECTING).exclude(Exists(known))
    for hold in strange.order_by("number")[:SHOWN]:
        yield warn(
            "requests.hold_without",
            _("Hold %(number)s is of request %(case)s, which the register does not know.")
            % {"number": hold.number, "case": hold.case},
            why=_("It keeps footage for a request that nobody can work on any more."),
            mend=_("Look the request up in the access log and take it in again; the hold ends by itself."),
        )


def _unreadable() -> Iterator[Finding]:
    keys = rings.records().key_ids()
    rows = SubjectRequest.objects.exclude(state=RequestState.ENDED).values_list("reference", "key_id")
    lost = [reference for reference, key_id in rows.iterator(chunk_size=2000) if key_id not in keys]
    for reference in sorted(lost)[:SHOWN]:
        yield bad(
            "requests.unreadable",
            _("The key of request %(reference)s is not in the keyring.") % {"reference": reference},
            why=_("Who asks and how to reach them cannot be read any more."),
            mend=_("Compare the keyring with its mirrors: “manage.py vault status”."),
        )


def _unanswered() -> Iterator[Finding]:
    """The journal of the keys knows that a request was answered, and not how."""
    sent = Decision.objects.filter(request=OuterRef("pk"), state=DecisionState.SENT).exclude(
        outcome="postponed"
    )
    decided = SubjectRequest.objects.filter(state=RequestState.DECIDED)
    for row in decided.exclude(Exists(sent)).order_by("reference")[:SHOWN]:
        yield warn(
            "requests.without_letter",
            _("Request %(reference)s was answered, and the register does not know how.")
            % {"reference": row.reference},
            why=_("An older backup of the register was put back: letter and copy were made after it."),
            mend=_("The access log says what was decided. Take in an objection on its page and answer anew."),
        )


def _not_ended() -> Iterator[Finding]:
    late = SubjectRequest.objects.filter(file_until__lt=clock.now() - timedelta(days=1)).exclude(
        state=RequestState.ENDED
    )
    for row in late.order_by("file_until")[:SHOWN]:
        yield warn(
            "requests.not_ended",
            _("The file of request %(reference)s should be destroyed already.")
            % {"reference": row.reference},
            why=_("Personal data is kept longer than was said."),
            mend=_("See that the mirrors of the keys are there and the clock is right; it is tried hourly."),
        )
