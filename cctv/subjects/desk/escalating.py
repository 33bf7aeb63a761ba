"""Before a deadline is missed somebody hears of it: who has the request, then who answers for the site."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cache
from uuid import uuid5

from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accesslog.errors import AccessLogError
from cctv.core import clock
from cctv.core.clock import rfc3339
from cctv.core.errors import LetheError
from cctv.people.models import Account, OutgoingMail
from cctv.people.outbox import link, queue_mail
from cctv.subjects.deciding import words
from cctv.subjects.desk.selectors import OBJECTED
from cctv.subjects.requests import alarms, story
from cctv.subjects.requests.alarms import People, chiefs, holders
from cctv.subjects.requests.models import RequestAct, RequestActKind, RequestState, SubjectRequest

log = logging.getLogger("lethe.subjects")

# Who has it is told first, then everybody who answers for the site; of an objection that waits, each week.
REMIND_WITHIN, ESCALATE_WITHIN = timedelta(days=3), timedelta(days=1)
REPLY_WITHIN = timedelta(hours=4)
AGAIN = timedelta(days=7)
REPLY, DUE = "reply", "due"
TROUBLE = (LetheError, AccessLogError, DatabaseError, OSError)
AT_ONCE = 500
Text = Callable[[], str]


def tend() -> int:
    """Remind and escalate what is due soon; how many were escalated.

    What waits to be looked at first has a mail of its own, one a day however many it is (`alarms.to_screen`).
    """
    now = clock.now()
    people: People = cache(alarms.holding)
    standing = SubjectRequest.objects.filter(state__in=(RequestState.IDENTITY, RequestState.OPEN))
    standing = standing.select_related("site")
    for request in _untold(standing.filter(replied_at=None, reply_by__lte=now + REPLY_WITHIN), REPLY, people):
        _guarded(_remind_reply, request, people)
    due = standing.filter(paused_at=None, due_at__lte=now + REMIND_WITHIN)
    for request in _untold(due, DUE, people):
        _guarded(_remind_answer, request, people)
    objected = SubjectRequest.objects.filter(OBJECTED, objected_at__lte=now - AGAIN).select_related("site")
    for request in objected:
        _guarded(_remind_objection, request, people)
    pressing = _not_escalated(due.filter(due_at__lte=now + ESCALATE_WITHIN))
    return sum(_guarded(_escalate, request, people) for request in pressing)


def _untold(found: "QuerySet[SubjectRequest]", what: str, people: People) -> list[SubjectRequest]:
    """Those of which somebody who has it was not told yet. Asked for all at once, since each tick asks it."""
    wanted = {
        request: {_about(request, _cause(request, what), to) for to in holders(request, people)}
        for request in found
    }
    abouts = [about for each in wanted.values() for about in each]
    told: set[str] = set()
    for at in range(0, len(abouts), AT_ONCE):
        rows = OutgoingMail.objects.filter(about__in=abouts[at : at + AT_ONCE])
        told.update(rows.values_list("about", flat=True))
    return [request for request, each in wanted.items() if not each <= told]


def _not_escalated(found: "QuerySet[SubjectRequest]") -> list[SubjectRequest]:
    """Those of which nobody was told that this deadline is about to be missed."""
    acts = RequestAct.objects.filter(kind=RequestActKind.ESCALATED, request__in=found)
    told = {(pk, facts.get("due_at")) for pk, facts in acts.values_list("request_id", "facts")}
    return [each for each in found if each.due_at and (each.pk, rfc3339(each.due_at)) not in told]


def _guarded(step: Callable[[SubjectRequest, People], None], request: SubjectRequest, people: People) -> bool:
    """Trouble with one holds up no other."""
    try:
        step(request, people)
    except TROUBLE:
        log.exception("nobody could be told that request %s is due", request.reference)
        return False
    return True


def _remind_reply(request: SubjectRequest, people: People) -> None:
    assert request.reply_by is not None
    told = _words(request, request.reply_by)
    _send(
        request, holders(request, people), _cause(request, REPLY),
        lambda: _("Request %(reference)s waits for its first reply") % told,
        lambda: _("Nobody has replied to request %(reference)s (%(site)s) yet. It is due by %(time)s.")
        % told,
    )  # fmt: skip


def _remind_answer(request: SubjectRequest, people: People) -> None:
    assert request.due_at is not None
    told = _words(request, request.due_at)
    _send(
        request, holders(request, people), _cause(request, DUE),
        lambda: _("The answer to request %(reference)s is due soon") % told,
        lambda: _("Request %(reference)s (%(site)s) has to be answered by %(day)s.") % told,
    )  # fmt: skip


def _remind_objection(request: SubjectRequest, _people: People) -> None:
    assert request.objected_at is not None
    alarms.objected(request, again=(clock.now() - request.objected_at) // AGAIN)


def _escalate(request: SubjectRequest, people: People) -> None:
    """Once for each deadline."""
    due_at = request.due_at
    assert due_at is not None
    told = _words(request, due_at)
    with transaction.atomic():
        story.act(
            request, RequestActKind.ESCALATED, by_lethe=True, facts={"due_at": rfc3339(due_at)},
            event_id=uuid5(request.pk, f"escalated/{rfc3339(due_at)}"),
        )  # fmt: skip
        SubjectRequest.objects.filter(pk=request.pk).update(escalated_at=clock.now())
        _send(
            request, chiefs(request, people), f"escalated/{_stamp(due_at)}",
            lambda: _("Request %(reference)s is about to be answered too late") % told,
            lambda: _("Request %(reference)s (%(site)s) has to be answered by %(day)s, and is not. See to it"
                      " that it is, or that its deadline is extended as the law allows.") % told,
        )  # fmt: skip


def _send(request: SubjectRequest, people: Iterable[Account], cause: str, subject: Text, text: Text) -> None:
    """Once for each person and cause."""
    for to in people:
        queue_mail(
            kind=f"request.{cause.split('/')[0]}", about=_about(request, cause, to), to=to,
            subject=subject, text=lambda: f"{text()}\n\n{link('request', request.reference)}\n",
        )  # fmt: skip


def _about(request: SubjectRequest, cause: str, to: Account) -> str:
    return f"request/{request.pk}/{cause}/{to.pk}"


def _cause(request: SubjectRequest, what: str) -> str:
    """A deadline that was moved is another one."""
    moment = request.reply_by if what == REPLY else request.due_at
    assert moment is not None
    return f"{what}/{_stamp(moment)}"


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M}"


class _Told(dict[str, str]):
    """Words that are put into the reader's language when they are needed."""

    def __init__(self, request: SubjectRequest, moment: datetime) -> None:
        super().__init__(reference=request.reference, site=request.site.name)
        self._request, self._moment = request, moment

    def __missing__(self, key: str) -> str:
        tell = words.minute if key == "time" else words.last_day
        return tell(self._request, self._moment)


def _words(request: SubjectRequest, moment: datetime) -> dict[str, str]:
    return _Told(request, moment)
