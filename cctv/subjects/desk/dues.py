"""When something of a request is due, in the words of the site's clocks."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cctv.core import clock
from cctv.subjects import clocks
from cctv.subjects.requests.models import STANDING, RequestState, SubjectRequest
from cctv.templatetags import _times

SOON_DAYS = 3


@dataclass(frozen=True, slots=True)
class Due:
    """`words`: "due in 3 days"; `on`: the day or time. `tone`: late, soon, rest (it stands), or "".

    Told by icon and word; the tone only adds to it.
    """

    words: str
    on: str
    tone: str
    icon: str


def answer_due(request: SubjectRequest, now: datetime | None = None) -> Due | None:
    """The statutory clock; None where it does not run any more."""
    if request.due_at is None or request.state not in STANDING:
        return None
    zone = ZoneInfo(request.site.time_zone)
    last = clocks.last_day(request.due_at, zone)
    on = _times.day(last)
    if request.paused_at is not None:
        return Due(_("The clock stands"), on, "rest", "pause")
    days = (last - (now or clock.now()).astimezone(zone).date()).days
    if days < 0:
        late = ngettext("%(n)d day overdue", "%(n)d days overdue", -days) % {"n": -days}
        return Due(late, on, "late", "warn")
    if days == 0:
        return Due(_("due today"), on, "soon", "clock")
    if days == 1:
        return Due(_("due tomorrow"), on, "soon", "clock")
    words = ngettext("due in %(n)d day", "due in %(n)d days", days) % {"n": days}
    return Due(words, on, "soon" if days <= SOON_DAYS else "", "clock")


def reply_due(request: SubjectRequest, now: datetime | None = None) -> Due | None:
    """The clock of the first reply; None once there was one."""
    if request.reply_by is None or request.replied_at is not None or request.state not in STANDING:
        return None
    local = request.reply_by.astimezone(ZoneInfo(request.site.time_zone))
    on = f"{_times.day(local.date())} {_times.absolute(local, 'minute')}"
    left = (request.reply_by - (now or clock.now())).total_seconds()
    if left <= 0:
        return Due(_("first reply overdue"), on, "late", "warn")
    return Due(_("first reply is due"), on, "soon", "mail")


def objection_due(request: SubjectRequest) -> Due | None:
    """Somebody has objected, and nobody has answered."""
    if request.objected_at is None or request.state not in (RequestState.DECIDED, RequestState.CLOSED):
        return None
    if request.decided_at is not None and request.objected_at <= request.decided_at:
        return None
    local = request.objected_at.astimezone(ZoneInfo(request.site.time_zone))
    return Due(_("objection waits"), _times.day(local.date()), "late", "warn")


def message_due(request: SubjectRequest) -> Due | None:
    """The requester has written; rows that were asked whether they have (`has_unread`) alone say so."""
    if not getattr(request, "has_unread", False):
        return None
    return Due(_("new message"), "", "soon", "mail")


def dues_of(request: SubjectRequest, now: datetime | None = None) -> list[Due]:
    """All that is due, the first reply before the answer."""
    found = (objection_due(request), message_due(request), reply_due(request, now), answer_due(request, now))
    return [each for each in found if each is not None]
