"""Mail about decisions to the house: to who may approve one, and back to who proposed it."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cctv.people.models import Account
from cctv.people.outbox import link, queue_mail
from cctv.people.policy import who_may
from cctv.subjects.deciding.models import Decision, Outcome
from cctv.subjects.requests import alarms
from cctv.subjects.requests.models import SubjectRequest

DECIDE = "request.decide"


def deciders(decision: Decision) -> list[Account]:
    """Who may approve it: not who proposed it, and after an objection nobody who had a part before."""
    site_id = decision.request.site_id
    ids = {pk for pk, site in who_may(DECIDE) if site in (None, site_id)} - barred(decision)
    return list(Account.objects.filter(pk__in=ids, is_active=True).order_by("pk"))


def barred(decision: Decision) -> set[UUID]:
    """Accounts that may not approve it."""
    return had_part(decision.request, without=decision) | {decision.proposed_by_id}


def had_part(request: SubjectRequest, *, without: Decision | None = None) -> set[UUID]:
    """Accounts that proposed or approved an answer to it."""
    before = decided(request=request)
    if without is not None:
        before = before.exclude(pk=without.pk)
    return {pk for pair in before.values_list("proposed_by", "approved_by") for pk in pair} - {None}


def decided(**of: Any) -> "QuerySet[Decision]":
    """Answers that were sent; a postponement answers nothing."""
    return Decision.objects.filter(**of).exclude(sent_at=None).exclude(outcome=Outcome.POSTPONED)


def may_be_answered(request: SubjectRequest) -> bool:
    """Whether two people are left who may propose and approve a new answer: another one for each."""
    handlers = {each.pk for each in alarms.holding(request.site, alarms.HANDLE)}
    approvers = {each.pk for each in alarms.holding(request.site, DECIDE)} - had_part(request)
    return any(handlers - {each} for each in approvers)


def proposed(decision: Decision) -> None:
    """It waits for the second person."""
    words = _words(decision)
    for to in deciders(decision):
        queue_mail(
            kind="decision.proposed",
            about=f"decision/{decision.pk}/proposed/{to.pk}",
            to=to,
            subject=lambda: _("The answer to request %(reference)s waits for your approval") % words,
            text=lambda: _(
                "%(by)s proposes an answer to request %(reference)s (%(site)s). It is sent once somebody else"
                " has approved it.\n\n%(link)s\n"
            ) % {**words, "link": link("request", words["reference"])},
        )  # fmt: skip


def returned(decision: Decision) -> None:
    """It was given back with a remark, which the page shows."""
    words = _words(decision)
    queue_mail(
        kind="decision.returned",
        about=f"decision/{decision.pk}/returned",
        to=decision.proposed_by,
        subject=lambda: _("The answer to request %(reference)s was given back") % words,
        text=lambda: (
            _("There is a remark on the page of the request.\n\n%(link)s\n")
            % {"link": link("request", words["reference"])}
        ),
    )


def waits(decision: Decision, action: str) -> None:
    """It was granted and sent, and nobody who decided may do it any more: whoever may is asked to."""
    words, site_id = _words(decision), decision.request.site_id
    ids = {pk for pk, site in who_may(action) if site in (None, site_id)}
    for to in Account.objects.filter(pk__in=ids, is_active=True).order_by("pk"):
        queue_mail(
            kind="decision.waits",
            about=f"decision/{decision.pk}/waits/{to.pk}",
            to=to,
            subject=lambda: _("What request %(reference)s was granted is still to be done") % words,
            text=lambda: _(
                "It was told to the requester of %(reference)s (%(site)s), and nobody who decided may do it."
                " You may: on the page of the request.\n\n%(link)s\n"
            ) % {**words, "link": link("request", words["reference"])},
        )  # fmt: skip


def _words(decision: Decision) -> dict[str, str]:
    request = decision.request
    return {"reference": request.reference, "site": request.site.name, "by": decision.proposed_by.name}
