"""Before a deadline is missed somebody hears of it: who has the request, then who answers for the site."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import uuid5

from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from accesslog.errors import AccessLogError
from cctv.core import clock
from cctv.core.clock import rfc3339
from cctv.core.errors import LetheError
from cctv.people.models import Account
from cctv.people.outbox import link, queue_mail
from cctv.people.policy import who_may
from cctv.subjects.deciding import words
from cctv.subjects.desk.selectors import DECIDE, HANDLE
from cctv.subjects.requests import story
from cctv.subjects.requests.models import STANDING, RequestActKind, SubjectRequest

log = logging.getLogger("lethe.subjects")

# Who has it is told first, then everybody who answers for the site.
REMIND_WITHIN, ESCALATE_WITHIN = timedelta(days=3), timedelta(days=1)
REPLY_WITHIN = timedelta(hours=4)
TROUBLE = (LetheError, AccessLogError, DatabaseError, OSError)
Text = Callable[[], str]


def tend() -> int:
    """Remind and escalate what is due soon; how many were escalated."""
    now = clock.now()
    standing = SubjectRequest.objects.filter(state__in=STANDING).select_related("site", "assigned_to")
    for request in standing.filter(replied_at=None, reply_by__lte=now + REPLY_WITHIN):
        _guarded(_remind_reply, request)
    done = 0
    for request in standing.filter(paused_at=None, due_at__lte=now + REMIND_WITHIN):
        done += _guarded(_answer, request)
    return done


def _guarded(step: Callable[[SubjectRequest], bool], request: SubjectRequest) -> bool:
    """Trouble with one holds up no other."""
    try:
        return step(request)
    except TROUBLE:
        log.exception("nobody could be told that request %s is due", request.reference)
        return False


def _remind_reply(request: SubjectRequest) -> bool:
    assert request.reply_by is not None
    words_ = _words(request, request.reply_by)
    _send(
        request, holders(request), f"reply/{_stamp(request.reply_by)}",
        lambda: _("Request %(reference)s waits for its first reply") % words_,
        lambda: _("Nobody has replied to request %(reference)s (%(site)s) yet. It is due by %(time)s.")
        % words_,
    )  # fmt: skip
    return False


def _answer(request: SubjectRequest) -> bool:
    assert request.due_at is not None
    words_ = _words(request, request.due_at)
    _send(
        request, holders(request), f"due/{_stamp(request.due_at)}",
        lambda: _("The answer to request %(reference)s is due soon") % words_,
        lambda: _("Request %(reference)s (%(site)s) has to be answered by %(day)s.") % words_,
    )  # fmt: skip
    if clock.now() < request.due_at - ESCALATE_WITHIN:
        return False
    return _escalate(request, request.due_at, words_)


def _escalate(request: SubjectRequest, due_at: datetime, words_: dict[str, str]) -> bool:
    """Once for each deadline."""
    event_id = uuid5(request.pk, f"escalated/{rfc3339(due_at)}")
    told = request.acts.filter(kind=RequestActKind.ESCALATED, facts__due_at=rfc3339(due_at))
    if told.exists():
        return False
    with transaction.atomic():
        story.act(
            request, RequestActKind.ESCALATED, by_lethe=True, facts={"due_at": rfc3339(due_at)},
            event_id=event_id,
        )  # fmt: skip
        SubjectRequest.objects.filter(pk=request.pk).update(escalated_at=clock.now())
        _send(
            request, chiefs(request), f"escalated/{_stamp(due_at)}",
            lambda: _("Request %(reference)s is about to be answered too late") % words_,
            lambda: _("Request %(reference)s (%(site)s) has to be answered by %(day)s, and is not. See to it"
                      " that it is, or that its deadline is extended as the law allows.") % words_,
        )  # fmt: skip
    return True


def holders(request: SubjectRequest) -> list[Account]:
    """Who has it; while nobody has, everybody who handles requests there."""
    if request.assigned_to is not None and request.assigned_to.is_active:
        return [request.assigned_to]
    return _holding(request, HANDLE)


def chiefs(request: SubjectRequest) -> list[Account]:
    """Who answers for the site: its approvers, and the privacy officers."""
    people = {each.pk: each for each in [*_holding(request, DECIDE), *_holding(request, HANDLE)]}
    return list(people.values())


def _holding(request: SubjectRequest, action: str) -> list[Account]:
    ids = {pk for pk, site_id in who_may(action) if site_id in (None, request.site_id)}
    return list(Account.objects.filter(pk__in=ids, is_active=True).order_by("pk"))


def _send(request: SubjectRequest, people: Iterable[Account], what: str, subject: Text, text: Text) -> None:
    """Once for each person and deadline."""
    for to in people:
        queue_mail(
            kind=f"request.{what.split('/')[0]}", about=f"request/{request.pk}/{what}/{to.pk}", to=to,
            subject=subject, text=lambda: f"{text()}\n\n{link('request', request.reference)}\n",
        )  # fmt: skip


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
