"""Who has watched somebody: every entry of the log about the minutes of a verified request.

The log is asked, not the register: what nobody can rewrite. Staff are told as a role and a number that stays
the same; purposes in clear; other people's requests, cases, terminals and free words are not told. Each line
names its entries, whose proofs anybody can check (`proofs`). A viewing is told with the seconds that were
really sent, out of its closing entry; one whose purpose changed is a line for each purpose.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accesslog import IndexFields, Scope
from accesslog import selectors as log
from accesslog.desk.filters import EVERY_KIND, Filters
from accesslog.outside import proof
from accesslog.selectors import Listed
from accesslog.services import append
from cctv.core.clock import rfc3339
from cctv.footage.viewings.entries import camera_fields
from cctv.people.models import Account, Role
from cctv.subjects.delivering.selectors import is_told
from cctv.subjects.requests import story
from cctv.subjects.requests.models import SubjectRequest
from cctv.subjects.watched import events
from cctv.subjects.watched.errors import NotTold, TooMuchSeen

# Entries about one request's minutes; who names a busy day is answered in parts.
MOST, AT_ONCE = 4000, 200
Span = tuple[datetime, datetime]

WATCHED, PICTURE, COPY, REDACTED, SHOWN = "watched", "picture", "copy", "redacted", "requester"
# What left, by kind of entry: footage and pictures of it, and copies of it for others.
WHAT: Mapping[str, str] = {
    "view.covered": WATCHED, "viewing.closed": WATCHED, "thumbs.covered": PICTURE, "still.covered": PICTURE,
    "still.kept": PICTURE, "still.shown": PICTURE, "export.sent": COPY, "redaction.opened": REDACTED,
    "redaction.previewed": REDACTED, "redaction.shown": REDACTED, "redaction.plate_shown": REDACTED,
    "redaction.review_began": REDACTED,
    "delivery.sent": SHOWN, "delivery.shown": SHOWN,
}  # fmt: skip
WORDS = {
    WATCHED: gettext_lazy("watched"),
    PICTURE: gettext_lazy("saw single pictures"),
    COPY: gettext_lazy("was given a copy"),
    REDACTED: gettext_lazy("worked on a redacted copy"),
    SHOWN: gettext_lazy("opened the redacted copy"),
}
ROLES = {
    Role.OPERATOR: gettext_lazy("Security office"),
    Role.APPROVER: gettext_lazy("Head of security"),
    Role.PRIVACY_OFFICER: gettext_lazy("Privacy officer"),
    Role.AUDITOR: gettext_lazy("Auditor"),
    Role.ADMINISTRATOR: gettext_lazy("Administrator"),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One line: who, as a role; what, when, of which camera and seconds; why; the entries that say so."""

    at: datetime
    what: str
    who: str
    camera: str
    spans: tuple[Span, ...]
    purpose: str
    is_own: bool  # for the request itself
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All of them, newest first."""

    lines: Sequence[Seen]
    up_to: int  # entries of the log that were there

    @property
    def entries(self) -> list[int]:
        """Every entry that is named."""
        return sorted({each for line in self.lines for each in line.entries})


def report(request: SubjectRequest) -> Report:
    """The report, its own entry first. NotTold, TooMuchSeen, LogUnavailable: nothing is told."""
    if not is_told(request):
        raise NotTold
    cameras = list(request.cameras.order_by("name", "pk"))
    indexes: set[int] = set()
    for camera in cameras:
        indexes |= set(_about(request, str(camera.pk)))
    found = sorted(indexes)
    body: dict[str, Any] = {
        "actor": story.actor_of(request, None), "terminal": story.PORTAL, "site": request.site.logged(),
        "request": {"id": str(request.pk), "name": request.reference}, "case": request.reference,
        "cameras": [camera_fields(each) for each in cameras], "from": rfc3339(request.starts_at),
        "to": rfc3339(request.ends_at, round_up=True), "count": len(found),
    }  # fmt: skip
    index = [
        IndexFields(
            camera=str(each.pk), site=str(request.site_id), case=request.reference,
            footage_from=request.starts_at, footage_to=request.ends_at,
        )
        for each in cameras
    ]  # fmt: skip
    receipt = append(kind=events.TOLD, body=body, index=index)
    lines = _lines(request, {str(each.pk): each.name for each in cameras}, found)
    return Report(lines, receipt.index)


def _about(request: SubjectRequest, camera: str) -> list[int]:
    """Numbers of the entries about these minutes of a camera that show something to somebody."""
    filters = Filters(
        camera=camera, site=str(request.site_id), kind=EVERY_KIND, footage_from=request.starts_at,
        footage_to=request.ends_at,
    )  # fmt: skip
    scope = Scope(all_sites=False, sites=frozenset({str(request.site_id)}), bodies=True)
    found: list[int] = []
    before: int | None = None
    while batch := log.numbers(filters=filters, scope=scope, before=before, limit=AT_ONCE):
        found += batch
        before = batch[-1]
        if len(found) > MOST:
            raise TooMuchSeen
    return found


def _lines(request: SubjectRequest, names: Mapping[str, str], indexes: Sequence[int]) -> list[Seen]:
    """A line for each viewing, camera and purpose, and for each other entry."""
    who = _Who(request)
    single: list[Seen] = []
    viewings: dict[tuple[str, str], list[Listed]] = {}
    for start in range(0, len(indexes), AT_ONCE):
        for each in log.opened(indexes[start : start + AT_ONCE]):
            if each.kind not in WHAT or each.body is None:
                continue
            if WHAT[each.kind] == WATCHED:
                for camera in _cameras(each.body):
                    if camera in names:
                        viewings.setdefault((str(each.body["viewing"]), camera), []).append(each)
            else:
                single.append(_line(request, names, each, who))
    whole = [
        line
        for (_id, camera), rows in viewings.items()
        for line in _viewing(request, names[camera], camera, rows, who)
    ]
    lines = [each for each in (*single, *whole) if each.spans]
    return sorted(lines, key=lambda each: each.at, reverse=True)


def _cameras(body: Mapping[str, Any]) -> list[str]:
    """Which cameras an entry of a viewing is about: of its end, those that something was sent of."""
    if "camera" in body:
        return [str(body["camera"]["id"])]
    return list(dict.fromkeys(str(each["camera"]["id"]) for each in body.get("sent", ())))


def _viewing(
    request: SubjectRequest, name: str, camera: str, rows: Sequence[Listed], who: "_Who"
) -> list[Seen]:  # fmt: skip
    """For each purpose: what was sent, exactly, if it is closed; what was reserved, if it still goes on."""
    closing = [each for each in rows if each.kind == "viewing.closed"]
    sent = _sent(request, camera, closing)
    turns: dict[tuple[str, bool], list[Listed]] = {}
    for each in (row for row in rows if row.kind == "view.covered"):
        body = each.body or {}
        turns.setdefault((_purpose(body), _is_own(request, body)), []).append(each)
    lines = []
    for (purpose, is_own), covered in turns.items():
        bodies = [each.body or {} for each in covered]
        reserved = [_clipped(request, body["from"], body["to"]) for body in bodies]
        spans = reserved if sent is None else _common(sent, _merged(reserved))
        entries = tuple(sorted(each.index for each in (*covered, *closing)))
        told = who.told(bodies[0])
        lines.append(
            Seen(covered[0].time, WATCHED, told, name, _merged(spans), purpose, is_own, entries)
        )  # fmt: skip
    return lines


def _sent(request: SubjectRequest, camera: str, closing: Sequence[Listed]) -> list[Span] | None:
    """What was sent of the camera, by the closing entry; None without one, or where it says less than all:
    what was reserved says no less."""
    bodies = [each.body or {} for each in closing]
    if not bodies or any(body.get("sent_left_out") for body in bodies):
        return None
    sent = [one for body in bodies for one in body.get("sent", ()) if str(one["camera"]["id"]) == camera]
    return [_clipped(request, one["from"], one["to"]) for one in sent]


def _common(sent: Sequence[Span], reserved: Sequence[Span]) -> list[Span]:
    """What of the one lies within the other."""
    pairs = [(max(a, c), min(b, d)) for a, b in sent for c, d in reserved]
    return [(start, end) for start, end in pairs if start < end]


def _line(request: SubjectRequest, names: Mapping[str, str], entry: Listed, who: "_Who") -> Seen:
    body = entry.body or {}
    camera = names.get(str((body.get("camera") or {}).get("id", "")), "")
    spans = [_clipped(request, body["from"], body["to"])] if "from" in body and "to" in body else []
    if not spans and "at" in body:
        spans = [_clipped(request, body["at"], body["at"])]
    what = WHAT[entry.kind]
    return Seen(
        entry.time, what, who.told(body, what), camera, _merged(spans), _purpose(body),
        _is_own(request, body), (entry.index,),
    )  # fmt: skip


def _clipped(request: SubjectRequest, start: str, end: str) -> Span:
    return (
        max(datetime.fromisoformat(start), request.starts_at),
        min(datetime.fromisoformat(end), request.ends_at),
    )


def _merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    """In order, joined where they touch; nothing that lies outside the request's minutes."""
    merged: list[Span] = []
    for start, end in sorted(each for each in spans if each[0] <= each[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


class _Who:
    """Who it was: a role and a number that stays the same; outside, the body that was given a copy."""

    def __init__(self, request: SubjectRequest) -> None:
        """The numbers are those of the order in which accounts were made: their ids are."""
        accounts = Account.objects.order_by("pk").values_list("pk", flat=True)
        self.numbers = {str(pk): number for number, pk in enumerate(accounts, 1)}
        self.request = request

    def told(self, body: Mapping[str, Any], what: str = WATCHED) -> str:
        """In the reader's language, without a name."""
        actor = body.get("actor") or {}
        role = str(actor.get("role", ""))
        if role == story.SUBJECT:
            own = _is_own(self.request, body)
            return _("You") if own else _("Somebody else who is in the footage")
        # A copy on a medium is written by one of us, for whoever gets it.
        if what == COPY or role not in ROLES:
            return str(body.get("recipient", "")) or _("Somebody outside")
        number = self.numbers.get(str(actor.get("id", "")), 0)
        return _("%(role)s, person %(number)d") % {"role": ROLES[Role(role)], "number": number}


def _purpose(body: Mapping[str, Any]) -> str:
    said = body.get("purpose") or {}
    return str(said.get("text", "")) if isinstance(said, Mapping) else ""


def _is_own(request: SubjectRequest, body: Mapping[str, Any]) -> bool:
    said = body.get("case")
    return said == request.reference


def proofs(request: SubjectRequest, made: Report) -> bytes:
    """A ZIP: the report as JSON and the proof of each entry, to be checked without us.

    A proof shows that an entry of this kind and time is in the log and which hash it has; what it says of
    people stays sealed. What publishing raises.
    """
    checkpoint, found = proof.of_entries(made.entries, with_record=False) if made.entries else ("", {})
    told = {
        "request": request.reference, "from": rfc3339(request.starts_at), "to": rfc3339(request.ends_at),
        "log_entries": made.up_to, "seen": [_plain(each) for each in made.lines],
    }  # fmt: skip
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.json", json.dumps(told, ensure_ascii=False, indent=2))
        archive.writestr("checkpoint.txt", checkpoint)
        for number, text in found.items():
            archive.writestr(f"proofs/{number}{proof.SUFFIX}", text)
    return target.getvalue()


def _plain(line: Seen) -> dict[str, Any]:
    said = asdict(line)
    said |= {"at": rfc3339(line.at), "spans": [[rfc3339(a), rfc3339(b)] for a, b in line.spans]}
    return said
