"""What the desk does with a request: opens who asks, assigns it, tells, stops and extends its clock.

Entries before rows, always by the story's one way. Each act asks the policy itself.
"""

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from cctv.core import clock
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.subjects.clocks import due, stored
from cctv.subjects.clocks.due import CLARIFICATION, NotPossible
from cctv.subjects.deciding import objecting, words
from cctv.subjects.desk import events, selectors
from cctv.subjects.desk.errors import FileGone, NotTheirs
from cctv.subjects.desk.selectors import HANDLE
from cctv.subjects.profiles import extension_text
from cctv.subjects.requests import details, messages, story
from cctv.subjects.requests.details import Details
from cctv.subjects.requests.errors import RequestOver, TextMissing
from cctv.subjects.requests.models import STANDING, RequestActKind, SubjectRequest
from cctv.vault.steps import reached

CONTACT, LETTER = "contact", "letter"


def open_contact(request: SubjectRequest, *, actor: Account, terminal: str) -> Details:
    """Who asks and how they are reached, once the entry of this is durable. FileGone, LogUnavailable."""
    permissions_of(actor).require(HANDLE, site_id=request.site_id)
    enter_opened(request, CONTACT, actor=actor, terminal=terminal)
    known = details.read(request)
    if known is None:
        raise FileGone
    return known


def enter_opened(request: SubjectRequest, what: str, *, actor: Account, terminal: str) -> None:
    """The entry that somebody reads what names the requester: "contact" or "letter"."""
    story.enter(request, events.OPENED, actor=actor, terminal=terminal, body={"facts": {"opened": what}})
    reached("request.opened")


def assign(request: SubjectRequest, to: Account | None, *, actor: Account, terminal: str) -> SubjectRequest:
    """Give it to somebody who works on requests there, or to nobody. NotTheirs, LogUnavailable."""
    permissions_of(actor).require(HANDLE, site_id=request.site_id)
    if to is not None and to not in selectors.workers(request.site):
        raise NotTheirs
    with transaction.atomic():
        row = SubjectRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
        if row.assigned_to_id == (to.pk if to else None):
            return request
        story.act(
            request, RequestActKind.ASSIGNED, actor=actor, terminal=terminal,
            facts={"to": str(to.pk) if to else ""},
        )  # fmt: skip
        request.assigned_to = to
        request.save(update_fields=["assigned_to"])
    return request


def write(request: SubjectRequest, text: str, *, template: str, actor: Account, terminal: str) -> None:
    """A message to the requester. TextMissing, RequestOver, LogUnavailable."""
    permissions_of(actor).require(HANDLE, site_id=request.site_id)
    messages.add(request, text, by=actor, template=template, terminal=terminal)


def can_pause(request: SubjectRequest) -> bool:
    """Whether its clock would stand while the requester is asked something."""
    try:
        due.paused(stored.clock_of(request), clock.now(), CLARIFICATION)
    except NotPossible:
        return False
    return request.state in STANDING


def pause(request: SubjectRequest, text: str, *, actor: Account, terminal: str) -> bool:
    """Ask the requester, and let the clock stand until they answer; False where the law knows no stop."""
    _require_standing(request, actor)
    if not text.strip():
        raise TextMissing
    with transaction.atomic():  # it stands because they were asked, and not without
        stands = stored.pause(request, CLARIFICATION, actor=actor, terminal=terminal)
        messages.add(request, text, by=actor, terminal=terminal)
    return stands


def resume(request: SubjectRequest, *, actor: Account, terminal: str) -> bool:
    """Let the clock go on, and tell the requester by when they have the answer now."""
    _require_standing(request, actor)
    with transaction.atomic(), translation.override(request.language):
        if not stored.resume(request, actor=actor, terminal=terminal):
            return False
        assert request.due_at is not None
        told = _("The time for our answer goes on. You have it by %(day)s.") % {
            "day": words.last_day(request, request.due_at)
        }
        messages.add(request, told, by=actor, template="clock", terminal=terminal)
    return True


def extend(
    request: SubjectRequest, reason: str, text: str, *, actor: Account, terminal: str
) -> SubjectRequest:  # fmt: skip
    """Extend its deadline as the law allows, and tell the requester why. ClockRefused, LogUnavailable."""
    _require_standing(request, actor)
    # Longer only if it is told: both or neither.
    with transaction.atomic(), translation.override(request.language):
        stored.extend(request, actor=actor, terminal=terminal, reason=reason)
        assert request.due_at is not None
        told = _("We need more time, because %(reason)s. You have our answer by %(day)s.") % {
            "reason": extension_text(request.jurisdiction, reason),
            "day": words.last_day(request, request.due_at),
        }
        whole = f"{told}\n\n{text.strip()}".strip()[: messages.LONGEST]
        messages.add(request, whole, by=actor, template="extended", terminal=terminal)
    return request


def object_for(request: SubjectRequest, text: str, *, actor: Account, terminal: str) -> None:
    """An objection that came by telephone, letter or visit. NotDecidable, TextMissing, LogUnavailable."""
    permissions_of(actor).require(HANDLE, site_id=request.site_id)
    objecting.object_to(request, text, actor=actor, terminal=terminal)


def _require_standing(request: SubjectRequest, actor: Account) -> None:
    permissions_of(actor).require(HANDLE, site_id=request.site_id)
    if request.state not in STANDING:
        raise RequestOver
