"""Whom of the house a request calls, and when: by mail, once for each cause, without their words.

What says the same stands on the pages: nothing depends on mail.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import NoReverseMatch
from django.utils.translation import gettext as _

from cctv.core import clock
from cctv.people.models import Account
from cctv.people.outbox import Words, link, queue_mail
from cctv.people.policy import who_may
from cctv.sites.models import Site
from cctv.subjects.requests.models import SubjectRequest

HANDLE, WORK, DECIDE = "request.handle", "request.work", "request.decide"
People = Callable[[Site, str], list[Account]]


def holding(site: Site, action: str) -> list[Account]:
    """Everybody who may do `action` with the requests of a site."""
    ids = {pk for pk, site_id in who_may(action) if site_id in (None, site.pk)}
    return list(Account.objects.filter(pk__in=ids, is_active=True).order_by("pk"))


def holders(request: SubjectRequest, people: People = holding) -> list[Account]:
    """Who has it. While nobody has, or only somebody who cannot answer it: everybody who handles requests
    there, besides whoever has it."""
    handlers = people(request.site, HANDLE)
    if request.assigned_to_id is None:
        return handlers
    mine = [each for each in handlers if each.pk == request.assigned_to_id]
    if mine:
        return mine
    return handlers + [each for each in people(request.site, WORK) if each.pk == request.assigned_to_id]


def chiefs(request: SubjectRequest, people: People = holding) -> list[Account]:
    """Who answers for the site: its approvers, and the privacy officers."""
    found = {each.pk: each for action in (DECIDE, HANDLE) for each in people(request.site, action)}
    return list(found.values())


def to_screen(site: Site) -> None:
    """Requests wait to be looked at, and are not frozen until somebody does; once a day however many come."""
    words = {"site": site.name}
    for to in holding(site, HANDLE):
        queue_mail(
            kind="request.screening",
            about=f"screening/{site.pk}/{clock.now():%Y%m%d}/{to.pk}",
            to=to,
            subject=lambda: _("Requests at %(site)s wait to be looked at, and hold nothing") % words,
            text=lambda: _(
                "More was asked for at %(site)s than is held for people whom nobody has identified yet. What"
                " goes beyond is not frozen, and its footage may run out. Please look at these requests now:"
                " accept them, and their footage is held."
            ) % words,
        )  # fmt: skip


def urgent(request: SubjectRequest) -> None:
    """Life, body or property is at stake (O26): whoever works on requests there hears of it at once.

    Of a flood, the first hundred within a day at a site: each stands on the list anyway, before all others.
    """
    lately = clock.now() - timedelta(days=1)
    if SubjectRequest.objects.filter(site=request.site, is_urgent=True, received_at__gt=lately).count() > 100:
        return
    people = {each.pk: each for action in (HANDLE, WORK) for each in holding(request.site, action)}
    words = _words(request)
    for to in people.values():
        _tell(
            request, to, "urgent",
            lambda: _("Urgent: request %(reference)s has come in") % words,
            lambda: _("Request %(reference)s (%(site)s) says that life, body or property is at stake. Look at"
                      " it now.") % words,
        )  # fmt: skip


def written(request: SubjectRequest) -> None:
    """The requester has written; once an hour however much they write."""
    words = _words(request)
    for to in holders(request):
        _tell(
            request, to, f"written/{clock.now():%Y%m%d%H}",
            lambda: _("The requester of %(reference)s has written") % words,
            lambda: _("There is a message on the page of request %(reference)s (%(site)s).") % words,
        )  # fmt: skip


def objected(request: SubjectRequest, *, again: int = 0) -> None:
    """Somebody does not agree with an answer; `again`: the number of the reminder."""
    assert request.objected_at is not None
    words = _words(request)
    for to in chiefs(request):
        _tell(
            request, to, f"objected/{_stamp(request.objected_at)}/{again}",
            lambda: (_("The objection to %(reference)s still waits") if again
                     else _("The answer to %(reference)s is objected to")) % words,
            lambda: _("The requester does not agree with the answer to request %(reference)s (%(site)s)."
                      " Somebody who had no part in it has to look at it again. What is held for it stays"
                      " held until there is a new answer.") % words,
        )  # fmt: skip


def _tell(request: SubjectRequest, to: Account, what: str, subject: Words, text: Words) -> None:
    queue_mail(
        kind=f"request.{what.split('/')[0]}", about=f"request/{request.pk}/{what}/{to.pk}", to=to,
        subject=subject, text=lambda: f"{text() if callable(text) else text}\n\n{_where(request)}\n",
    )  # fmt: skip


def _where(request: SubjectRequest) -> str:
    """The page of the request; the process of the portal has it not, and is told of from there too."""
    try:
        return link("request", request.reference)
    except NoReverseMatch:
        return f"{settings.LETHE_URL.rstrip('/')}/requests/{request.reference}/"


def _words(request: SubjectRequest) -> dict[str, str]:
    return {"reference": request.reference, "site": request.site.name}


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S}"
