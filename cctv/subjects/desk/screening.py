"""What is beyond the limits waits to be looked at: it is accepted and held, or refused with a reason."""

from collections.abc import Iterable, Mapping
from uuid import uuid5

from django.db import transaction
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cctv.core import clock
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.subjects.deciding import words
from cctv.subjects.desk.errors import NotWaiting
from cctv.subjects.desk.selectors import HANDLE
from cctv.subjects.profiles import regulators_of
from cctv.subjects.requests import ending, messages, receiving, story, tending
from cctv.subjects.requests.models import RequestActKind, RequestState, SubjectRequest

# code: (for the desk, for the requester in their language)
REASONS: Mapping[str, tuple[str | Promise, str | Promise]] = {
    "many": (
        gettext_lazy("The same was asked for again and again"),
        gettext_lazy("We do not work on your request, because the same was asked for many times within a"
                     " short time."),
    ),
    "much": (
        gettext_lazy("Far more footage than anybody could be found in"),
        gettext_lazy("We do not work on your request, because it names far more footage than one person"
                     " could be looked for in. You can ask again with a narrower time or fewer places."),
    ),
    "empty": (
        gettext_lazy("Nothing in it by which anybody could be found"),
        gettext_lazy("We do not work on your request, because nothing in it lets us find you. You can ask"
                     " again and say when and where you were, and what you looked like."),
    ),
}  # fmt: skip


def accept(request: SubjectRequest, *, actor: Account, terminal: str) -> SubjectRequest:
    """It is worked on, and what it names is held when this returns. NotWaiting, LogUnavailable."""
    row = _waiting(request, actor)
    with transaction.atomic():
        story.act(
            row, RequestActKind.SCREENED, actor=actor, terminal=terminal, event_id=uuid5(row.pk, "screened")
        )
        row.state = RequestState.IDENTITY
        if not SubjectRequest.objects.filter(pk=row.pk, state=RequestState.SCREENING).update(state=row.state):
            raise NotWaiting
    receiving.finish(row)
    return row


def refuse(request: SubjectRequest, reason: str, *, actor: Account, terminal: str) -> SubjectRequest:
    """It is not worked on: the requester is told why and how to object. NotWaiting, LogUnavailable."""
    row = _waiting(request, actor)
    now = clock.now()
    until = ending.objection_until(row, now)
    with translation.override(row.language):
        told = str(REASONS[reason][1])
        day = {"day": words.last_day(row, until)}
        told += "\n\n" + _("If you do not agree, tell us until %(day)s.") % day
        others = "; ".join(f"{each.name} ({each.reach})" for each in regulators_of(row.jurisdiction))
        told += " " + _("You can also turn to:") + f" {others}."
    with transaction.atomic():  # no refusal without its reason
        if not tending.close(row, now, why=f"screened_{reason}", until=until):
            raise NotWaiting
        messages.add(row, told, by=actor, template="screened", terminal=terminal)
    return row


def accept_all(found: Iterable[SubjectRequest], *, actor: Account, terminal: str) -> tuple[int, int]:
    """How many were accepted, and how many no longer waited."""
    done = missed = 0
    for each in found:
        try:
            accept(each, actor=actor, terminal=terminal)
            done += 1
        except NotWaiting:
            missed += 1
    return done, missed


def refuse_all(
    found: Iterable[SubjectRequest], reason: str, *, actor: Account, terminal: str
) -> tuple[int, int]:
    """How many were refused, and how many no longer waited."""
    done = missed = 0
    for each in found:
        try:
            refuse(each, reason, actor=actor, terminal=terminal)
            done += 1
        except NotWaiting:
            missed += 1
    return done, missed


def _waiting(request: SubjectRequest, actor: Account) -> SubjectRequest:
    permissions_of(actor).require(HANDLE, site_id=request.site_id)
    row = SubjectRequest.objects.select_related("site", "hold").get(pk=request.pk)
    if row.state != RequestState.SCREENING:
        raise NotWaiting
    return row
