"""A request's story in sentences: who did what, from its acts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cctv.core.clock import parse_rfc3339
from cctv.people.models import Account
from cctv.subjects.deciding import words
from cctv.subjects.deciding.models import Outcome
from cctv.subjects.delivering.models import AppointmentState
from cctv.subjects.identity import reasons
from cctv.subjects.profiles import extension_text, ground_text
from cctv.subjects.requests.models import Channel, RequestAct, SubjectRequest
from cctv.subjects.requests.models import RequestActKind as Kind

Facts = Mapping[str, Any]
Words = str | Promise


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence; `who` is empty for what Lethe did itself."""

    at: datetime
    icon: str
    text: str
    more: str
    who: str
    entry: int | None


# kind: (icon, sentence)
PLAIN: Mapping[str, tuple[str, Words]] = {
    Kind.RECEIVED: ("request", gettext_lazy("The request arrived")),
    Kind.FROZEN: ("held", gettext_lazy("Deletion of the footage was stopped")),
    Kind.RELEASED: ("held", gettext_lazy("The footage is no longer held for it")),
    Kind.REPLIED: ("mail", gettext_lazy("The requester had the first reply")),
    Kind.ASSIGNED: ("user", gettext_lazy("It was assigned")),
    Kind.SCREENED: ("check", gettext_lazy("It was looked at and accepted")),
    Kind.IDENTITY_ASKED: ("key", gettext_lazy("The requester was asked to show who they are")),
    Kind.IDENTITY_SENT: ("key", gettext_lazy("The requester showed who they are")),
    Kind.VERIFIED: ("check", gettext_lazy("Who asks is settled")),
    Kind.NOT_VERIFIED: ("x", gettext_lazy("What was shown was not enough")),
    Kind.PAUSED: ("pause", gettext_lazy("The clock was stopped")),
    Kind.RESUMED: ("clock", gettext_lazy("The clock goes on")),
    Kind.EXTENDED: ("clock", gettext_lazy("The deadline was moved")),
    Kind.ADDED: ("edit", gettext_lazy("The requester added something")),
    Kind.RESTRICTED: ("restricted", gettext_lazy("Use of the footage was stopped")),
    Kind.FOUND: ("eye", gettext_lazy("The footage was looked through")),
    Kind.REDACTED: ("eyeoff", gettext_lazy("A redacted copy was chosen")),
    Kind.PROPOSED: ("edit", gettext_lazy("An answer was proposed")),
    Kind.RETURNED: ("undo", gettext_lazy("The proposal was given back")),
    Kind.DECIDED: ("check", gettext_lazy("It was decided, and the letter sent")),
    Kind.DELIVERED: ("mail", gettext_lazy("The copy was made available")),
    Kind.FETCHED: ("download", gettext_lazy("The requester fetched the copy")),
    Kind.SHOWN: ("eye", gettext_lazy("The requester was shown the footage at our place")),
    Kind.APPOINTED: ("calendar", gettext_lazy("Appointment")),
    Kind.OBJECTED: ("warn", gettext_lazy("The requester objected")),
    Kind.WITHDRAWN: ("x", gettext_lazy("The request was withdrawn")),
    Kind.SECRET: ("key", gettext_lazy("A new secret was given")),
    Kind.ESCALATED: ("warn", gettext_lazy("Everybody who answers for it was told that it is nearly due")),
    Kind.CLOSED: ("check", gettext_lazy("The request was closed")),
    Kind.ENDED: ("destroyed", gettext_lazy("Its file was destroyed")),
}
WHY: Mapping[str, Words] = {
    "withdrawn": gettext_lazy("it was withdrawn"),
    "over": gettext_lazy("the time to object is over"),
    "unidentified": gettext_lazy("nobody showed who asks"),
    "file": gettext_lazy("its file ended"),
    "decided": gettext_lazy("everything about it is done"),
    "identity": gettext_lazy("it waits for proof of who asks"),
    "clarification": gettext_lazy("the requester was asked something"),
    "screened_many": gettext_lazy("the same was asked for again and again"),
    "screened_much": gettext_lazy("it names far more than anybody could be found in"),
    "screened_empty": gettext_lazy("nothing in it lets anybody be found"),
}


def story_of(request: SubjectRequest) -> list[Line]:
    """All of it, the newest first."""
    acts = list(request.acts.select_related("by").order_by("at", "id"))
    names = _names(acts)
    return [_line(request, act, names) for act in reversed(acts)]


def _names(acts: list[RequestAct]) -> dict[str, str]:
    ids = {act.facts["to"] for act in acts if act.kind == Kind.ASSIGNED and act.facts.get("to")}
    return {str(each.pk): each.name for each in Account.objects.filter(pk__in=[UUID(pk) for pk in ids])}


def _line(request: SubjectRequest, act: RequestAct, names: Mapping[str, str]) -> Line:
    icon, text = PLAIN[Kind(act.kind)]
    tell = _MORE.get(Kind(act.kind))
    if act.kind == Kind.ASSIGNED:
        more = names.get(act.facts.get("to", ""), "") or _("to nobody")
    else:
        more = tell(request, act.facts) if tell else ""
    return Line(act.at, icon, str(text), more, act.by.name if act.by else "", act.entry)


def _received(_request: SubjectRequest, facts: Facts) -> str:
    return str(dict(Channel.choices).get(facts.get("channel", ""), ""))


def _frozen(_request: SubjectRequest, facts: Facts) -> str:
    held, late = facts.get("held", 0), facts.get("too_late", 0)
    if late:
        said = ngettext(
            "%(held)d recording held, %(late)d deleted before it arrived",
            "%(held)d recordings held, %(late)d deleted before it arrived", held,
        )  # fmt: skip
        return said % {"held": held, "late": late}
    return ngettext("%(held)d recording held", "%(held)d recordings held", held) % {"held": held}


def _why(_request: SubjectRequest, facts: Facts) -> str:
    return str(WHY.get(facts.get("why", ""), ""))


def _moved(request: SubjectRequest, facts: Facts) -> str:
    day = words.last_day(request, parse_rfc3339(facts["due_at"])) if facts.get("due_at") else ""
    reason = extension_text(request.jurisdiction, facts["reason"]) if facts.get("reason") else ""
    return " · ".join(filter(None, (_("answer by %(day)s") % {"day": day} if day else "", reason)))


def _outcome(request: SubjectRequest, facts: Facts) -> str:
    said = [str(dict(Outcome.choices).get(facts.get("outcome", ""), ""))]
    said += [ground_text(request.jurisdiction, code) for code in facts.get("grounds", [])]
    return " · ".join(filter(None, said))


def _shown(_request: SubjectRequest, facts: Facts) -> str:
    """For what, and why it was not enough."""
    what = _("for a new secret") if facts.get("for") == "secret" else ""
    return " · ".join(filter(None, (what, reasons.words(facts.get("reason", "")))))


def _appointment(request: SubjectRequest, facts: Facts) -> str:
    state = str(dict(AppointmentState.choices).get(facts.get("state", ""), ""))
    at = words.minute(request, parse_rfc3339(facts["at"])) if facts.get("at") else ""
    return f"{state}, {at}".strip(", ")


def _copies(_request: SubjectRequest, facts: Facts) -> str:
    return ", ".join(facts.get("copies", []))


def _due(request: SubjectRequest, facts: Facts) -> str:
    return _moved(request, {"due_at": facts.get("due_at")})


_MORE: Mapping[str, Callable[[SubjectRequest, Facts], str]] = {
    Kind.RECEIVED: _received, Kind.FROZEN: _frozen, Kind.RELEASED: _why, Kind.CLOSED: _why,
    Kind.PAUSED: _why, Kind.REDACTED: _copies, Kind.RESUMED: _moved, Kind.EXTENDED: _moved,
    Kind.IDENTITY_SENT: _shown, Kind.NOT_VERIFIED: _shown,
    Kind.PROPOSED: _outcome, Kind.DECIDED: _outcome, Kind.APPOINTED: _appointment, Kind.ESCALATED: _due,
}  # fmt: skip
